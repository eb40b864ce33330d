// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Attention of a sequence with itself, without a mask. On CPUs with 512-bit vectors by a kernel of
// our own (attention_avx512.cpp), elsewhere by ATen's fused attention of the device.
#pragma once

#include <ATen/ATen.h>

namespace zt::nn {

// softmax(q k' / sqrt(dim)) v per head; scores and sums in fp32.
//   q, k, v [heads, tokens, dim] -> [tokens, heads * dim], contiguous
[[nodiscard]] at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

namespace plain {
// The same in fp32 with the whole score matrix in memory.
[[nodiscard]] at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
}  // namespace plain

// True where attention_wide can compute for such tensors.
[[nodiscard]] bool attention_wide_suits(const at::Tensor& q);
void attention_wide(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& out);

}  // namespace zt::nn
