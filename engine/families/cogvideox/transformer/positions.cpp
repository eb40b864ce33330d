// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where tokens are: turned heads (all but the 2B), sines (2B) or a learned table (5B-I2V) that are added.
#include <array>
#include <cmath>
#include <utility>

#include "families/cogvideox/transformer/transformer.h"
#include "nn/sinusoid.h"

namespace zt::cogvideox {
namespace {

struct Crop {
    int64_t top = 0, left = 0, height = 0, width = 0;
};

// A grid of tokens lies on the trained one: as large as fits with its own sides' ratio, in the middle.
Crop crop_of(const TransformerConfig& c, int64_t rows, int64_t columns) {
    const int64_t height = c.sample_height / kPatch, width = c.sample_width / kPatch;
    const auto h = static_cast<double>(height), w = static_cast<double>(width), r = static_cast<double>(rows),
               k = static_cast<double>(columns);
    Crop crop{0, 0, height, width};
    if (r / k > h / w)
        crop.width = static_cast<int64_t>(std::nearbyint(h / r * k));
    else
        crop.height = static_cast<int64_t>(std::nearbyint(w / k * r));
    crop.top = static_cast<int64_t>(std::nearbyint(static_cast<double>(height - crop.height) / 2.0));
    crop.left = static_cast<int64_t>(std::nearbyint(static_cast<double>(width - crop.width) / 2.0));
    return crop;
}

// `count` places from `first` to `end` times (count - 1) / count, evenly: fp32.
at::Tensor even(int64_t first, int64_t end, int64_t count) {
    const double last = static_cast<double>(end * (count - 1)) / static_cast<double>(count);
    return at::linspace(static_cast<double>(first), last, count, at::TensorOptions().dtype(at::kFloat));
}

nn::Rope turns(const TransformerConfig& c, int64_t frames, int64_t rows, int64_t columns) {
    constexpr double kTheta = 10000;
    const int64_t time = c.head_dim / 4, side = c.head_dim / 8 * 3;
    std::array<nn::RopeAxis, 3> axes = {{{time, frames}, {side, rows}, {side, columns}}};
    if (!c.is_15()) {
        const Crop crop = crop_of(c, rows, columns);
        axes[0].at = even(0, frames, frames);
        axes[1].at = even(crop.top, crop.top + crop.height, rows);
        axes[2].at = even(crop.left, crop.left + crop.width, columns);
    }
    return nn::make_rope(axes, kTheta, at::TensorOptions().dtype(at::kFloat));
}

// [tokens, h]: a quarter of the channels for time, then three eighths each for the column and the row.
at::Tensor added_sines(const TransformerConfig& c, int64_t frames, int64_t rows, int64_t columns) {
    const int64_t time = c.width() / 4, side = 3 * c.width() / 8;
    const at::Tensor t = nn::place_sines(frames, time, c.time_scale).view({frames, 1, 1, time}),
                     h = nn::place_sines(rows, side, c.space_scale).view({1, rows, 1, side}),
                     w = nn::place_sines(columns, side, c.space_scale).view({1, 1, columns, side});
    return at::cat({t.expand({frames, rows, columns, time}), w.expand({frames, rows, columns, side}),
                    h.expand({frames, rows, columns, side})},
                   3)
        .view({-1, c.width()});
}

}  // namespace

Positions make_positions(const TransformerConfig& c, const at::Tensor& table, int64_t frames, int64_t height,
                         int64_t width, at::ScalarType type, at::Device device) {
    const int64_t rows = height / kPatch, columns = width / kPatch;
    Positions made;
    if (c.rotary) {
        const nn::Rope rope = turns(c, frames / c.patch_time, rows, columns);
        made.rope = {rope.cos.to(device), rope.sin.to(device)};
    } else {
        made.added = added_sines(c, frames, rows, columns).to(type).to(device);
    }
    if (table.defined()) made.added = table[0].slice(0, c.text_tokens).to(type).clone();
    return made;
}

}  // namespace zt::cogvideox
