// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ATen's fused kernels give the logarithm of the sum beside the answer, but only through the operation of each; which
// of them ATen would take is asked of it, so that a part is computed as the whole would be.
#include "nn/attention_parts.h"

#include <ATen/SDPBackend.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "nn/attention.h"

namespace zt::nn {
namespace {

// Of ATen's [1, heads, tokens, dim] and [1, heads, tokens or more].
AttentionPart part_of(const at::Tensor& out, const at::Tensor& log_sums, int64_t dim) {
    const int64_t tokens = out.size(2);
    return {out.squeeze(0).narrow(2, 0, dim).transpose(0, 1).to(at::kFloat).contiguous(),
            log_sums.squeeze(0).narrow(1, 0, tokens).transpose(0, 1).to(at::kFloat).contiguous()};
}

AttentionPart on_cpu(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    const auto [out, log_sums] =
        at::_scaled_dot_product_flash_attention_for_cpu(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0));
    return part_of(out, log_sums, q.size(2));
}

// Not run where this was written: by the signatures and shapes of LibTorch 2.11. FlashAttention takes heads of a
// multiple of 8 channels, so others get zeros, which change no score; ATen does the same.
AttentionPart flash(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    const int64_t dim = q.size(2), more = (8 - dim % 8) % 8;
    const auto widened = [&](const at::Tensor& x) {
        return (more > 0 ? at::constant_pad_nd(x, {0, more}) : x).unsqueeze(0);
    };
    const auto made = at::_scaled_dot_product_flash_attention(widened(q), widened(k), widened(v), 0.0, false, false,
                                                              1.0 / std::sqrt(static_cast<double>(dim)));
    return part_of(std::get<0>(made), std::get<1>(made), dim);
}

// Not run where this was written either. Its sums are padded to a multiple of 32 queries.
AttentionPart efficient(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    const auto made =
        at::_scaled_dot_product_efficient_attention(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0), {}, true);
    return part_of(std::get<0>(made), std::get<1>(made), q.size(2));
}

AttentionPart on_cuda(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    switch (static_cast<at::SDPBackend>(at::_fused_sdp_choice(q.unsqueeze(0), k.unsqueeze(0), v.unsqueeze(0)))) {
        case at::SDPBackend::cudnn_attention:  // takes no shape or type that FlashAttention does not
        case at::SDPBackend::flash_attention: return flash(q, k, v);
        case at::SDPBackend::efficient_attention: return efficient(q, k, v);
        default: return plain::attention_part(q, k, v);
    }
}

}  // namespace

AttentionPart attention_part(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    if (attention_wide_suits(q)) {
        const auto like = q.options().dtype(at::kFloat);
        AttentionPart part{at::empty({q.size(1), q.size(0), q.size(2)}, like), at::empty({q.size(1), q.size(0)}, like)};
        attention_wide(q.contiguous(), k.contiguous(), v.contiguous(), part.out, part.log_sum_exp);
        return part;
    }
    if (q.is_cpu()) return on_cpu(q.contiguous(), k.contiguous(), v.contiguous());
    return q.is_cuda() ? on_cuda(q, k, v) : plain::attention_part(q, k, v);
}

void merge(AttentionPart& into, const AttentionPart& more) {
    const at::Tensor ahead = more.log_sum_exp - into.log_sum_exp;
    into.out.lerp_(more.out, at::sigmoid(ahead).unsqueeze(2));
    into.log_sum_exp = at::logaddexp(into.log_sum_exp, more.log_sum_exp);
}

namespace plain {

AttentionPart attention_part(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    constexpr int64_t kMost = 1 << 26;  // scores at a time
    const int64_t heads = q.size(0), tokens = q.size(1), keys = k.size(1), dim = q.size(2);
    const at::ScalarType type = q.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
    const at::Tensor across = k.to(type).transpose(1, 2), values = v.to(type);
    const auto like = q.options().dtype(type);
    AttentionPart part{at::empty({tokens, heads, dim}, like), at::empty({tokens, heads}, like)};
    const int64_t each = std::clamp<int64_t>(kMost / (heads * keys), 1, tokens);
    for (int64_t at = 0; at < tokens; at += each) {
        const int64_t count = std::min(each, tokens - at);
        const at::Tensor scores =
            at::matmul(q.narrow(1, at, count).to(type), across) / std::sqrt(static_cast<double>(dim));
        part.log_sum_exp.narrow(0, at, count).copy_(at::logsumexp(scores, -1).transpose(0, 1));
        part.out.narrow(0, at, count).copy_(at::matmul(at::softmax(scores, -1), values).transpose(0, 1));
    }
    return part;
}

}  // namespace plain

}  // namespace zt::nn
