// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward pass of the tower; see qwen3_vl_vision.h. Positions, learned and rotary, are computed in fp32 whatever the
// type is, and rounded where transformers rounds.
#include "encoders/qwen3_vl_vision.h"

#include <algorithm>

#include "core/error.h"
#include "load/read_ahead.h"
#include "nn/attention.h"
#include "nn/matmul.h"

namespace zt::encoders {
namespace {

using Config = Qwen3VlVisionConfig;

at::Tensor normed(const nn::Norm& norm, const at::Tensor& x) {
    return at::layer_norm(x, {x.size(-1)}, norm.weight, norm.bias, Config::norm_eps);
}

// Row or column of each patch, in the order of the patches: the four of a token one after the other. [rows * columns]
at::Tensor in_token_order(const at::Tensor& grid) {
    const int64_t m = Config::merge;
    return grid.view({grid.size(0) / m, m, grid.size(1) / m, m}).transpose(1, 2).flatten();
}
struct Places {
    at::Tensor row, column;  // int64
};
Places places_of(int64_t rows, int64_t columns) {
    const at::Tensor row = at::arange(rows).unsqueeze(1).expand({rows, columns});
    const at::Tensor column = at::arange(columns).unsqueeze(0).expand({rows, columns});
    return {in_token_order(row.contiguous()), in_token_order(column.contiguous())};
}

// Two neighbours of a table of `side` entries that is stretched over `size` places, ends on ends, and their weights.
struct Between {
    at::Tensor at, weight;  // [places, 2]
};
Between between(const at::Tensor& place, int64_t size, int64_t side) {
    const at::Tensor from =
        place.to(at::kFloat) * static_cast<double>(side - 1) / static_cast<double>(std::max<int64_t>(size - 1, 1));
    const at::Tensor below = at::floor(from), both = at::arange(2);
    const at::Tensor distance = (from.unsqueeze(1) - below.unsqueeze(1) - both).abs();
    return {(below.to(at::kLong).unsqueeze(1) + both).clamp(0, side - 1), (1 - distance).clamp_min(0)};
}

// The learned positions of a grid, [patches, hidden].
at::Tensor learned_positions(const Config& c, const at::Tensor& table, const Places& places, int64_t rows,
                             int64_t columns) {
    const Between down = between(places.row, rows, c.position_side),
                  across = between(places.column, columns, c.position_side);
    const at::Tensor at = (down.at.unsqueeze(2) * c.position_side + across.at.unsqueeze(1)).flatten(1);  // [patches, 4]
    const at::Tensor weight = (down.weight.unsqueeze(2) * across.weight.unsqueeze(1)).flatten(1);
    const at::Tensor four = at::embedding(table, at.to(table.device())) * weight.to(table.device()).unsqueeze(2);
    return four.sum(1).to(table.scalar_type());
}

// cos and sin of rotary positions, fp32 [patches, 1, head_dim / 2]: first the row's angles, then the column's.
struct Turn {
    at::Tensor cos, sin;
};
Turn turn_of(const Config& c, const Places& places, at::Device device) {
    const int64_t spatial = c.hidden / c.heads / 2;
    const at::Tensor exponent = at::arange(0, spatial, 2, at::kFloat) / static_cast<double>(spatial);
    const at::Tensor frequency = at::reciprocal(at::pow(Config::rope_theta, exponent));
    const auto angles = [&](const at::Tensor& place) { return place.to(at::kFloat).unsqueeze(1) * frequency; };
    const at::Tensor angle = at::cat({angles(places.row), angles(places.column)}, 1).to(device).unsqueeze(1);
    return {angle.cos(), angle.sin()};
}

// x: [patches, heads, head_dim]; channel j and its partner half a head further turn together.
at::Tensor turned(const at::Tensor& x, const Turn& turn) {
    const std::vector<at::Tensor> half = x.to(at::kFloat).chunk(2, -1);
    return at::cat({half[0] * turn.cos - half[1] * turn.sin, half[1] * turn.cos + half[0] * turn.sin}, -1)
        .to(x.scalar_type());
}

at::Tensor attention(const Config& c, const VisionBlock& block, const at::Tensor& x, const Turn& turn) {
    const std::vector<at::Tensor> qkv =
        nn::forward(block.qkv, x).view({x.size(0), 3, c.heads, c.hidden / c.heads}).unbind(1);
    const auto by_head = [](const at::Tensor& t) { return t.transpose(0, 1).contiguous(); };
    return nn::forward(block.proj,
                       nn::attention(by_head(turned(qkv[0], turn)), by_head(turned(qkv[1], turn)), by_head(qkv[2])));
}

// [patches, hidden] -> [tokens, out_hidden]; whole: the norm is over all four patches of a token.
at::Tensor merged(const Config& c, const VisionMerger& merger, const at::Tensor& x, bool whole) {
    const at::Tensor four = whole ? normed(merger.norm, x.view({-1, c.merged()})) : normed(merger.norm, x);
    return nn::forward(merger.fc2, at::gelu(nn::forward(merger.fc1, four.view({-1, c.merged()}))));
}

at::Tensor patch_kernel(const Config& c, const VisionEnds& ends) {
    const at::Tensor whole = ends.patches.defined() ? ends.patches : at::stack({ends.halves[0], ends.halves[1]}, 2);
    return whole.reshape({c.hidden, c.patch_values()});
}

}  // namespace

VisionBlock make_vision_block(const Config& c) {
    return {nn::make_norm(c.hidden),
            nn::make_norm(c.hidden),
            nn::make_packed_linear(c.hidden, 3 * c.hidden),
            nn::make_packed_linear(c.hidden, c.hidden),
            nn::make_packed_linear(c.hidden, c.intermediate),
            nn::make_packed_linear(c.intermediate, c.hidden)};
}

VisionEnds make_vision_ends(const Config& c, bool in_halves) {
    const auto merger = [&](int64_t norm) {
        return VisionMerger{nn::make_norm(norm), nn::make_packed_linear(c.merged(), c.merged()),
                            nn::make_packed_linear(c.merged(), c.out_hidden)};
    };
    VisionEnds ends;
    if (in_halves)
        for (at::Tensor& half : ends.halves) half = at::empty({c.hidden, 3, c.patch, c.patch});
    else
        ends.patches = at::empty({c.hidden, 3, c.frames, c.patch, c.patch});
    ends.patch_bias = at::empty({c.hidden});
    ends.positions = at::empty({c.position_side * c.position_side, c.hidden});
    ends.merger = merger(c.hidden);
    for (size_t i = 0; i < c.taps.size(); i++) {
        ends.taps.push_back(merger(c.merged()));
        ends.tap_names.push_back("deepstack_merger_list." +
                                 std::to_string(c.taps_by_block ? c.taps[i] : static_cast<int64_t>(i)));
    }
    return ends;
}

VisionPatches vision_patches(const image::Picture& picture) {
    image::check(picture);
    constexpr int64_t p = Config::patch, m = Config::merge, step = Config::pixel_step();
    if (picture.width % step != 0 || picture.height % step != 0)
        throw Error(ZT_ERROR_ARGUMENT, "image: expected sides that are multiples of " + std::to_string(step) +
                                           ", got " + std::to_string(picture.width) + "x" +
                                           std::to_string(picture.height));
    const int64_t rows = picture.height / p, columns = picture.width / p;
    at::Tensor bytes = at::empty({picture.height, picture.width, 3}, at::kByte);
    std::copy(picture.rgb.begin(), picture.rgb.end(), bytes.data_ptr<uint8_t>());
    const at::Tensor values = (bytes.to(at::kFloat) - 127.5) / 127.5;
    const at::Tensor patches = values.view({rows / m, m, p, columns / m, m, p, 3})
                                   .permute({0, 3, 1, 4, 6, 2, 5})  // token row and column, patch in it, channel, pixel
                                   .reshape({rows * columns, 3, 1, p, p});
    const at::Tensor still = patches.expand({rows * columns, 3, Config::frames, p, p});  // the same picture twice
    return {still.reshape({rows * columns, 3 * Config::frames * p * p}), rows, columns};
}

std::vector<VisionTokens> vision_tokens(const Config& c, const VisionEnds& ends,
                                        const std::function<const VisionBlock&(int64_t)>& block,
                                        std::span<const VisionPatches> pictures, at::ScalarType type,
                                        const Cancel& cancel) {
    std::vector<at::Tensor> states;
    std::vector<Turn> turns;
    std::vector<VisionTokens> made;
    const at::Tensor kernel = patch_kernel(c, ends);
    for (const VisionPatches& picture : pictures) {
        const Places places = places_of(picture.rows, picture.columns);
        const at::Tensor pixels = picture.pixels.to(kernel.device()).to(type);
        states.push_back(nn::linear(pixels, kernel, ends.patch_bias) +
                         learned_positions(c, ends.positions, places, picture.rows, picture.columns));
        turns.push_back(turn_of(c, places, kernel.device()));
        made.push_back({{}, {}, picture.rows / c.merge, picture.columns / c.merge});
    }
    for (int64_t i = 0; i < c.layers; i++) {
        cancel.poll();
        const VisionBlock& b = block(i);
        const auto tap = std::find(c.taps.begin(), c.taps.end(), i);
        for (size_t s = 0; s < states.size(); s++) {
            at::Tensor& x = states[s];
            x = x + attention(c, b, normed(b.norm1, x), turns[s]);
            x = x + nn::forward(b.fc2, nn::forward_gelu(b.fc1, normed(b.norm2, x)));
            if (tap != c.taps.end())
                made[s].taps.push_back(merged(c, ends.taps[static_cast<size_t>(tap - c.taps.begin())], x, true));
        }
    }
    for (size_t s = 0; s < states.size(); s++) made[s].tokens = merged(c, ends.merger, states[s], false);
    return made;
}

std::vector<VisionTokens> read_vision_tokens(const Config& c, const load::PartReader& reader,
                                             std::span<const VisionPatches> pictures, at::ScalarType type,
                                             const Cancel& cancel) {
    VisionEnds ends = make_vision_ends(c, reader.has(std::string(kPatchHalves[0])));
    reader.fill(ends, type, true);
    load::ReadAhead<VisionBlock> blocks([&](int64_t i) {
        VisionBlock block = make_vision_block(c);
        reader.fill(block, type, true, i);
        return block;
    });
    const auto block = [&](int64_t i) -> const VisionBlock& { return blocks.take(i, i + 1 < c.layers ? i + 1 : -1); };
    return vision_tokens(c, ends, block, pictures, type, cancel);
}

void expect_vision(const Config& c, const load::PartReader& reader) {
    VisionEnds ends = make_vision_ends(c, reader.has(std::string(kPatchHalves[0])));
    reader.expect(ends);
    VisionBlock block = make_vision_block(c);
    for (int64_t i = 0; i < c.layers; i++) reader.expect(block, i);
}

}  // namespace zt::encoders
