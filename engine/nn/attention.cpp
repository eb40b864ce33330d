// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Choice of the kernel, and the plain form.
#include "nn/attention.h"

#include <cmath>

namespace zt::nn {

namespace {

at::Tensor fused(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    const at::Tensor o = at::scaled_dot_product_attention(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0));
    return o.squeeze(0).transpose(0, 1).reshape({q.size(1), q.size(0) * q.size(2)});
}

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    return k.size(1) == q.size(1) ? self_attention(q, k, v) : fused(q, k, v);
}

at::Tensor self_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    if (!attention_wide_suits(q)) return fused(q, k, v);
    at::Tensor out = at::empty({q.size(1), q.size(0) * q.size(2)}, q.options());
    attention_wide(q.contiguous(), k.contiguous(), v.contiguous(), out);
    return out;
}

namespace plain {

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    const int64_t heads = q.size(0), tokens = q.size(1), dim = q.size(2);
    const at::Tensor scores =
        at::matmul(q.to(at::kFloat), k.to(at::kFloat).transpose(1, 2)) / std::sqrt(static_cast<double>(dim));
    const at::Tensor o = at::matmul(at::softmax(scores, -1), v.to(at::kFloat));
    return o.to(q.scalar_type()).transpose(0, 1).reshape({tokens, heads * dim});
}

}  // namespace plain

}  // namespace zt::nn
