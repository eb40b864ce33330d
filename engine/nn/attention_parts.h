// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Attention to keys that come in parts: what the queries find in each, and how two such answers become that to both
// (the merge of Dao et al. 2205.14135, with the logarithm of the sum in place of maximum and sum).
#pragma once

#include <ATen/ATen.h>

namespace zt::nn {

struct AttentionPart {
    at::Tensor out;          // [tokens, heads, dim], fp32
    at::Tensor log_sum_exp;  // [tokens, heads], fp32: log sum over the part's keys of e^(q k' / sqrt(dim))
};

// q [heads, tokens, dim], k, v [heads, keys, dim], none empty. As nn::attention of the device computes it; on CPUs with
// 512-bit vectors the answer is not rounded to the type of q.
[[nodiscard]] AttentionPart attention_part(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);

// `into` becomes the attention to the keys of both. The same queries; no key in both.
void merge(AttentionPart& into, const AttentionPart& more);

namespace plain {
// The same with the scores of some queries at a time in memory, in fp32; in fp64 for fp64.
[[nodiscard]] AttentionPart attention_part(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
}  // namespace plain

}  // namespace zt::nn
