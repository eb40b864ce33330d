// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/minimax_h3/transformer/modulation.h"

#include <algorithm>
#include <vector>

#include "nn/sinusoid.h"

namespace zt::minimax_h3 {
namespace {

constexpr int64_t kBlockVectors = 6, kEndVectors = 2;

// Between the two points of the curve that a time lies between.
at::Tensor on_curve(const at::Tensor& curve, std::span<const float> times) {
    std::vector<at::Tensor> rows;
    const auto last = static_cast<float>(curve.size(0) - 1);
    for (const float time : times) {
        const float place = std::clamp(time, 0.0F, 1.0F) * last;
        const auto i = std::min(static_cast<int64_t>(place), curve.size(0) - 2);
        rows.push_back(at::lerp(curve[i], curve[i + 1], place - static_cast<float>(i)));
    }
    return at::stack(rows);
}

}  // namespace

TimeEmbedder make_time_embedder(const TransformerConfig& c) {
    if (c.table_points > 0) return {{}, {}, at::empty({c.table_points, c.time_dim})};
    return {nn::make_linear(c.freq_dim, c.time_hidden), nn::make_linear(c.time_hidden, c.time_dim), {}};
}

at::Tensor time_vectors(const TransformerConfig& c, const TimeEmbedder& e, std::span<const float> times) {
    if (e.curve.defined()) return on_curve(e.curve, times);
    const at::Tensor t = at::tensor(at::ArrayRef<float>(times.data(), times.size())).to(e.in.weight.device());
    return at::silu(nn::forward(e.out, at::silu(nn::forward(e.in, nn::sinusoid(t, c.freq_dim)))));
}

TimeProjection make_time_projection(const TransformerConfig& c, int64_t index) {
    const int64_t vectors = index == TimeProjection::kFinal ? kEndVectors : kBlockVectors * kModalities;
    return {nn::make_packed_linear(c.time_dim, vectors * c.hidden)};
}

at::ScalarType projection_type(const TransformerConfig& c, at::ScalarType type) {
    return c.table_points > 0 ? at::kFloat : type;
}

at::Tensor modulation_table(const TransformerConfig& c, const TimeProjection& projection, const at::Tensor& vectors,
                            bool end, at::ScalarType type) {
    const at::Tensor made =
        nn::forward(projection.linear, vectors.to(projection_type(c, type))).to(type);  // [times, 18 h] or [times, 2 h]
    if (end) return made.view({-1, kEndVectors, c.hidden});
    return made.view({-1, kModalities, kBlockVectors, c.hidden});
}

}  // namespace zt::minimax_h3
