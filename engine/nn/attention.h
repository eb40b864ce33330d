// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Attention without a mask. Of a sequence with itself on CPUs with 512-bit vectors by a kernel of our own
// (attention_avx512.cpp), else by ATen's fused attention of the device.
#pragma once

#include <ATen/ATen.h>

namespace zt::nn {

// softmax(q k' / sqrt(dim)) v per head; scores and sums in fp32.
//   q [heads, tokens, dim], k, v [heads, keys, dim] -> [tokens, heads * dim], contiguous
[[nodiscard]] at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
// Of some tokens of a sequence, q, to all of it, k, v: by the kernel that `attention` takes for all of it. Where that
// is our own, the same bits for each token.
[[nodiscard]] at::Tensor self_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

namespace plain {
// The same in fp32 with the whole score matrix in memory.
[[nodiscard]] at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
}  // namespace plain

// True where attention_wide can compute for such tensors.
[[nodiscard]] bool attention_wide_suits(const at::Tensor& q);
// out [tokens, heads * dim] of q's type. All contiguous, none empty.
void attention_wide(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& out);

}  // namespace zt::nn
