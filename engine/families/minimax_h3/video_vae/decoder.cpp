// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See decoder.h.
#include "families/minimax_h3/video_vae/decoder.h"

#include <algorithm>
#include <array>
#include <numbers>
#include <utility>

#include "nn/attention.h"
#include "nn/modulation.h"
#include "nn/residual_ops.h"
#include "nn/token_ops.h"

namespace zt::minimax_h3 {
namespace {

constexpr int64_t kTokenChunk = 2048;  // rows of a block's widest layer at once: enough for a product at full speed
constexpr int64_t kColours = 3;

const at::TensorOptions kShapeOnly = at::TensorOptions(at::kFloat).device(at::kMeta);

nn::PackedLinear make_linear(int64_t in, int64_t out) {
    nn::PackedLinear layer;
    layer.weight = at::empty({out, in}, kShapeOnly), layer.bias = at::empty({out}, kShapeOnly);
    layer.in = in, layer.out = out;
    return layer;
}

struct Turns {
    at::Tensor cos, sin;  // [tokens, pairs] fp32
    at::Tensor even;      // [head_dim] ones: the norms of queries and keys have no weights
};

// Positions go from -1 to 1 over the extent of the tile, whatever that is, and turn the first channels of a head: a
// share of the pairs for each axis. What is behind the latents stands at 0 on all of them.
Turns make_turns(const VideoVaeConfig& c, const std::array<int64_t, 3>& extent, at::Device device) {
    const at::TensorOptions fp32 = at::TensorOptions(at::kFloat).device(device);
    const int64_t pairs = c.turned(), each = pairs / 3, latents = extent[0] * extent[1] * extent[2];
    const at::Tensor exponent = at::arange(each, fp32) * (6.0 / static_cast<double>(2 * pairs));
    const at::Tensor frequency = 1.0 / at::pow(c.rope_theta, exponent);
    const at::Tensor angles = at::zeros({latents + c.registers + 1, pairs}, fp32);
    const at::Tensor grid = angles.narrow(0, 0, latents).view({extent[0], extent[1], extent[2], pairs});
    for (size_t axis = 0; axis < extent.size(); axis++) {
        const at::Tensor place = 2.0 * (at::arange(0.5, extent[axis], fp32) / extent[axis]) - 1.0;
        std::array<int64_t, 4> shape = {1, 1, 1, each};
        shape[axis] = extent[axis];
        const at::Tensor turn = (2.0 * std::numbers::pi * place).unsqueeze(1) * frequency;
        grid.narrow(3, static_cast<int64_t>(axis) * each, each).copy_(turn.view(shape));
    }
    return {angles.cos(), angles.sin(), at::ones({c.head_dim}, fp32)};
}

// Where a block keeps what it computes, for all tiles.
struct Rows {
    at::Tensor x;       // [tiles * tokens, width] fp32: the residual stream
    at::Tensor normed;  // the same shape, in the type of the matrices
    int64_t tokens;     // of a tile
    [[nodiscard]] int64_t tiles() const { return x.size(0) / tokens; }
};

void attend(const VideoVaeConfig& c, const VideoVaeBlock& block, const Turns& turns, const Rows& rows) {
    const at::ScalarType type = rows.normed.scalar_type();
    nn::rms_norm(rows.x, block.norm1, c.decoder_eps, rows.normed);
    // Into the type of the products, once for all tiles.
    const nn::PackedLinear qkv = block.qkv.decoded(type), out = block.out.decoded(type);
    const at::Tensor heads = at::empty({3, c.heads, rows.tokens, c.head_dim}, rows.normed.options());
    for (int64_t tile = 0; tile < rows.tiles(); tile++) {
        const int64_t first = tile * rows.tokens;
        nn::split_heads(nn::forward(qkv, rows.normed.narrow(0, first, rows.tokens)), turns.even, turns.even, turns.cos,
                        turns.sin, heads, 0, {.eps = c.decoder_eps, .halves = true});
        const at::Tensor seen = nn::attention(heads[0], heads[1], heads[2]);
        nn::add_scaled(rows.x.narrow(0, first, rows.tokens), nn::forward(out, seen), block.scale1);
    }
}

void feed_forward(const VideoVaeConfig& c, const VideoVaeBlock& block, const Rows& rows) {
    const at::ScalarType type = rows.normed.scalar_type();
    nn::rms_norm(rows.x, block.norm2, c.decoder_eps, rows.normed);
    const nn::PackedLinear in = block.ff_in.decoded(type), out = block.ff_out.decoded(type);
    const int64_t chunk = std::min(kTokenChunk, rows.x.size(0));
    const at::Tensor unit = at::empty({chunk, c.ffn_width()}, rows.normed.options());
    nn::by_chunk(0, rows.x.size(0), chunk, [&](int64_t first, int64_t count) {
        const at::Tensor product = unit.narrow(0, 0, count);
        nn::swiglu(nn::forward(in, rows.normed.narrow(0, first, count)), product);
        nn::add_scaled(rows.x.narrow(0, first, count), nn::forward(out, product), block.scale2);
    });
}

}  // namespace

VideoVaeDecoder make_video_vae_decoder(const VideoVaeConfig& c) {
    const int64_t width = c.width(), latent = c.latent_channels, step = c.spatial_compression();
    VideoVaeDecoder d;
    d.config = c;
    d.post_quant_weight = at::empty({latent, latent, 1, 1, 1}, kShapeOnly);
    d.post_quant_bias = at::empty({latent}, kShapeOnly);
    d.proj_in = make_linear(latent, width);
    d.proj_out = make_linear(width, kColours * c.temporal_compression() * step * step);
    d.registers = at::empty({1, c.registers, width}, kShapeOnly);
    d.norm_weight = at::empty({width}, kShapeOnly), d.norm_bias = at::empty({width}, kShapeOnly);
    for (int64_t i = 0; i < c.layers; i++) {
        VideoVaeBlock block;
        block.qkv = make_linear(width, 3 * width), block.out = make_linear(width, width);
        block.ff_in = make_linear(width, 2 * c.ffn_width()), block.ff_out = make_linear(c.ffn_width(), width);
        for (at::Tensor* t : {&block.norm1, &block.norm2, &block.scale1, &block.scale2})
            *t = at::empty({width}, kShapeOnly);
        d.blocks.push_back(std::move(block));
    }
    return d;
}

at::Tensor decode_tiles(const VideoVaeDecoder& d, const at::Tensor& latents, const Cancel* cancel) {
    const VideoVaeConfig& c = d.config;
    const at::ScalarType type = d.compute;
    const int64_t tiles = latents.size(0), frames = latents.size(2), height = latents.size(3), width = latents.size(4);
    const int64_t count = frames * height * width, tokens = count + c.registers + 1;
    // [tiles, latents in the order time, row, column, channels]
    const at::Tensor z = latents.to(type).permute({0, 2, 3, 4, 1}).reshape({tiles * count, c.latent_channels});
    const at::Tensor mixed = at::linear(z, d.post_quant_weight.view({c.latent_channels, c.latent_channels}).to(type),
                                        d.post_quant_bias.to(type));
    Rows rows{at::zeros({tiles, tokens, c.width()}, latents.options().dtype(at::kFloat)), {}, tokens};
    rows.x.narrow(1, 0, count).copy_(nn::forward(d.proj_in, mixed).view({tiles, count, c.width()}));
    rows.x.narrow(1, count, c.registers).copy_(d.registers);  // the last row stays zero
    rows.x = rows.x.view({tiles * tokens, c.width()});
    rows.normed = at::empty(rows.x.sizes(), rows.x.options().dtype(type));

    const Turns turns = make_turns(c, {frames, height, width}, latents.device());
    for (const VideoVaeBlock& block : d.blocks) {
        if (cancel != nullptr) cancel->poll();
        attend(c, block, turns, rows);
        feed_forward(c, block, rows);
    }
    const at::Tensor last = rows.x.view({tiles, tokens, c.width()}).narrow(1, 0, count);
    const at::Tensor normed = at::layer_norm(last, {c.width()}, d.norm_weight, d.norm_bias, c.decoder_eps).to(type);
    const int64_t step = c.spatial_compression(), time = c.temporal_compression();
    // A token is [colour, frame, row, column]; all of them are computed, also of frames that the clip drops: those are
    // less than a thousandth of the work.
    return nn::forward(d.proj_out, normed)
        .to(at::kFloat)
        .view({tiles, frames, height, width, kColours, time, step, step})
        .permute({0, 1, 5, 4, 2, 6, 3, 7})
        .reshape({tiles, frames * time, kColours, height * step, width * step});
}

}  // namespace zt::minimax_h3
