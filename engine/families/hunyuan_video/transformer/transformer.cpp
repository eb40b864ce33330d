// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From latents to velocity, and what is known before the first step.
#include "families/hunyuan_video/transformer/transformer.h"

#include <algorithm>

#include "core/error.h"
#include "nn/token_ops.h"

namespace zt::hunyuan_video {
namespace {

void expect(bool good, const std::string& file, const std::string& key, const std::string& expected,
            const std::string& got) {
    if (!good) throw Error(ZT_ERROR_UNSUPPORTED, file + ": " + key + ": expected " + expected + ", got " + got);
}

// [channels, T, H, W] -> [tokens, channels * patch_t * patch * patch], in the order of the kernel
at::Tensor patches(const TransformerConfig& c, const at::Tensor& x) {
    const int64_t p = c.patch, t = c.patch_t, channels = x.size(0);
    return x.reshape({channels, x.size(1) / t, t, x.size(2) / p, p, x.size(3) / p, p})
        .permute({1, 3, 5, 0, 2, 4, 6})
        .reshape({-1, channels * t * p * p});
}

// [tokens, channels * patch_t * patch * patch] -> [channels, T, H, W]
at::Tensor picture(const TransformerConfig& c, const at::Tensor& y, at::IntArrayRef latents) {
    const int64_t p = c.patch, t = c.patch_t, frames = latents[1], height = latents[2], width = latents[3];
    return y.view({frames / t, height / p, width / p, c.out_channels, t, p, p})
        .permute({3, 0, 4, 1, 5, 2, 6})
        .reshape({c.out_channels, frames, height, width});
}

}  // namespace

void check_supported(const TransformerConfig& c, const std::string& file) {
    const auto positive = [&](int64_t value, const char* key, int64_t least = 1) {
        expect(value >= least && value <= 1 << 20, file, key, "a number from " + std::to_string(least) + " to 1048576",
               std::to_string(value));
    };
    positive(c.heads, "num_attention_heads");
    positive(c.head_dim, "attention_head_dim");
    positive(c.layers, "num_layers", 0);
    positive(c.single_layers, "num_single_layers", 0);
    positive(c.refiner_layers, "num_refiner_layers", 0);
    positive(c.patch, "patch_size");
    positive(c.patch_t, "patch_size_t");
    positive(c.out_channels, "out_channels");
    positive(c.text_dim, "text_embed_dim");
    positive(c.pooled_dim, "pooled_projection_dim");
    int64_t sum = 0;
    for (const int64_t axis : c.rope_axes) {
        expect(axis >= 2 && axis % 2 == 0 && axis <= c.head_dim, file, "rope_axes_dim", "even numbers from 2",
               std::to_string(axis));
        sum += axis;
    }
    expect(sum == c.head_dim, file, "rope_axes_dim", "a sum of " + std::to_string(c.head_dim) + " (attention_head_dim)",
           std::to_string(sum));
    expect(c.rope_theta > 0, file, "rope_theta", "a positive number", std::to_string(c.rope_theta));
    expect(c.mlp_ratio > 0 && c.mlp_ratio <= 64, file, "mlp_ratio", "a number up to 64", std::to_string(c.mlp_ratio));
    const int64_t channels = c.kind == Kind::kLatentConcat ? 2 * c.out_channels + 1 : c.out_channels;
    expect(c.in_channels == channels, file, "in_channels", std::to_string(channels) + " for this kind of model",
           std::to_string(c.in_channels));
}

Embedders make_embedders(const TransformerConfig& config) { return {make_conditioner(config), make_refiner(config)}; }

Ends make_ends(const TransformerConfig& c) {
    const int64_t h = c.width();
    return {{at::empty({h, c.in_channels, c.patch_t, c.patch, c.patch}), at::empty({h})},
            nn::make_packed_linear(h, c.out_channels * c.patch_t * c.patch * c.patch)};
}

TransformerWeights make_transformer(const TransformerConfig& config) {
    TransformerWeights weights{make_embedders(config), make_ends(config), {}, {}};
    for (int64_t i = 0; i < config.layers; i++) weights.double_blocks.push_back(make_double_block(config));
    for (int64_t i = 0; i < config.single_layers; i++) weights.single_blocks.push_back(make_single_block(config));
    return weights;
}

Precomputed precompute(const TransformerConfig& config, const Embedders& embedders, const at::Tensor& states,
                       const at::Tensor& pooled, std::span<const float> t, float guidance, const Cancel& cancel,
                       int64_t chunk) {
    const at::Tensor& like = embedders.conditioner.time.in.bias;
    Precomputed p;
    p.modulation = modulate(embedders.conditioner,
                            condition(config, embedders.conditioner, pooled.to(like.options()), t, guidance));
    p.text = refine(embedders.refiner, states.to(like.options()), t, chunk, cancel);
    return p;
}

Rope rope_for(const TransformerConfig& c, at::IntArrayRef latents, at::Device device) {
    const size_t n = latents.size();
    return make_rope(c, latents[n - 3] / c.patch_t, latents[n - 2] / c.patch, latents[n - 1] / c.patch, device);
}

at::Tensor velocity(const TransformerConfig& config, const Ends& ends, BlockSource& blocks, const Precomputed& prompt,
                    int64_t step, const at::Tensor& latents, const Rope& rope, const Cancel& cancel, int64_t chunk) {
    const at::Tensor all_text = prompt.text[step];  // [L, h]
    const at::Tensor all_seen = patches(config, latents.to(all_text.scalar_type()));
    Tokens tokens;
    tokens.sequence = ranks::Sequence({all_seen.size(0), all_text.size(0)});
    const at::Tensor seen = tokens.sequence.mine(all_seen), text = tokens.sequence.mine(all_text);
    const Rope own_rope = {tokens.sequence.mine(rope.cos), tokens.sequence.mine(rope.sin)};
    tokens.video = seen.size(0);
    tokens.text = text.size(0);
    tokens.heads = config.heads;
    tokens.chunk = chunk;
    tokens.rope = &own_rope;
    if (config.kind == Kind::kTokenReplace)
        tokens.first_frame = std::clamp<int64_t>(
            all_seen.size(0) / (latents.size(1) / config.patch_t) - tokens.sequence.share(all_seen.size(0)).first, 0,
            tokens.video);

    at::Tensor x = at::empty({tokens.video + tokens.text, config.width()}, text.options());  // [video, text; h]
    x.narrow(0, 0, tokens.video).copy_(at::linear(seen, ends.image_in.weight.flatten(1), ends.image_in.bias));
    x.narrow(0, tokens.video, tokens.text).copy_(text);

    const Modulation& m = prompt.modulation;
    const auto row = [](const at::Tensor& rows, int64_t i) { return rows.narrow(0, i, 1); };
    const auto clean = [&](const at::Tensor& rows) {
        return tokens.first_frame > 0 ? row(rows, rows.size(0) - 1) : at::Tensor();
    };
    for (size_t i = 0; i < m.image.size(); i++) {
        cancel.poll();
        forward(blocks.double_block(static_cast<int64_t>(i)), x, tokens,
                {row(m.image[i], step), row(m.text[i], step), clean(m.image[i])});
    }
    for (size_t i = 0; i < m.single.size(); i++) {
        cancel.poll();
        forward(blocks.single_block(static_cast<int64_t>(i)), x, tokens,
                {row(m.single[i], step), {}, clean(m.single[i])});
    }

    const std::vector<at::Tensor> last = m.last[step].chunk(2);  // shift, scale
    const nn::PackedLinear out = ends.last.decoded(x.scalar_type());
    at::Tensor y = at::empty({tokens.video, out.out}, x.options());
    for (int64_t at = 0; at < tokens.video; at += chunk) {
        const int64_t count = std::min(chunk, tokens.video - at);
        const at::Tensor normed = at::empty({count, x.size(1)}, x.options());
        nn::norm_modulate(x.narrow(0, at, count), last[0], last[1], normed);
        y.narrow(0, at, count).copy_(nn::forward(out, normed));
    }
    return picture(config, tokens.sequence.gather(y, all_seen.size(0)), latents.sizes());
}

}  // namespace zt::hunyuan_video
