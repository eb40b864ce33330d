// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/wan/transformer/transformer.h"

#include <algorithm>

#include "nn/sinusoid.h"
#include "ranks/sequence.h"

namespace zt::wan {
namespace {

constexpr double kImageNormEps = 1e-5;

// [channels, T, H, W] -> [tokens, channels * 4], in the order of the kernel
at::Tensor patches(const at::Tensor& x) {
    constexpr int64_t p = TransformerConfig::patch;
    return x.reshape({x.size(0), x.size(1), x.size(2) / p, p, x.size(3) / p, p})
        .permute({1, 2, 4, 0, 3, 5})
        .reshape({-1, x.size(0) * p * p});
}

// [tokens, 4 * channels], channel fastest -> [channels, T, H, W]
at::Tensor picture(const at::Tensor& y, int64_t channels, at::IntArrayRef latents) {
    constexpr int64_t p = TransformerConfig::patch;
    return y.view({latents[1], latents[2] / p, latents[3] / p, p, p, channels})
        .permute({5, 0, 1, 3, 2, 4})
        .reshape({channels, latents[1], latents[2], latents[3]});
}

}  // namespace

Embedders make_embedders(const TransformerConfig& c) {
    const int64_t h = c.width();
    Embedders e;
    e.tables.time_in = nn::make_linear(c.freq_dim, h), e.tables.time_out = nn::make_linear(h, h);
    e.time_projection = nn::make_packed_linear(h, 6 * h);
    e.text_in = nn::make_packed_linear(c.text_dim, h), e.text_out = nn::make_packed_linear(h, h);
    if (c.image_dim == 0) return e;
    e.tables.image_norm1 = nn::make_norm(c.image_dim), e.tables.image_norm2 = nn::make_norm(h);
    e.image_in = nn::make_packed_linear(c.image_dim, c.image_dim), e.image_out = nn::make_packed_linear(c.image_dim, h);
    if (c.image_tokens > 0) e.image_positions = at::empty({1, c.image_tokens, c.image_dim});
    return e;
}

Ends make_ends(const TransformerConfig& c) {
    constexpr int64_t p = TransformerConfig::patch;
    return {{at::empty({1, 2, c.width()})},
            {at::empty({c.width(), c.in_channels, 1, p, p}), at::empty({c.width()})},
            nn::make_packed_linear(c.width(), p * p * c.out_channels)};
}

Times embed_times(const TransformerConfig& c, const Embedders& e, std::span<const float> t, at::ScalarType type) {
    const at::Tensor levels = at::tensor(std::vector<float>(t.begin(), t.end())).to(e.tables.time_in.bias.device());
    const at::Tensor vector =
        nn::forward(e.tables.time_out, at::silu(nn::forward(e.tables.time_in, nn::sinusoid(levels, c.freq_dim))))
            .to(type);
    const at::Tensor modulation = nn::forward(e.time_projection, at::silu(vector));
    return {vector.to(at::kFloat), modulation.to(at::kFloat).view({levels.size(0), 6, c.width()})};
}

at::Tensor embed_context(const TransformerConfig& c, const Embedders& e, const at::Tensor& states,
                         const at::Tensor& image, at::ScalarType type) {
    // Rows beyond the prompt are zeros, and are attended like all others.
    const at::Tensor padded = at::zeros({kTextTokens, c.text_dim}, states.options().dtype(type));
    padded.narrow(0, 0, states.size(0)).copy_(states);
    const at::Tensor text = nn::forward(e.text_out, nn::forward_gelu(e.text_in, padded));
    if (!image.defined()) return text;
    at::Tensor tokens = image.to(type);
    if (e.image_positions.defined()) tokens = tokens + e.image_positions[0];
    const auto normed = [](const at::Tensor& x, const nn::Norm& norm) {
        return at::layer_norm(x.to(at::kFloat), {x.size(1)}, norm.weight, norm.bias, kImageNormEps).to(x.scalar_type());
    };
    tokens = nn::forward(e.image_out, at::gelu(nn::forward(e.image_in, normed(tokens, e.tables.image_norm1))));
    return at::cat({normed(tokens, e.tables.image_norm2), text});
}

at::Tensor velocity(const TransformerConfig& c, const Ends& ends, const BlockSource& blocks, const Pass& pass,
                    const at::Tensor& latents, const Cancel& cancel, int64_t chunk) {
    const at::ScalarType type = pass.context->scalar_type();
    const at::Tensor seen = patches(latents.to(type));
    // A model that goes on from what it keeps of earlier tokens keeps all of them on each rank.
    const ranks::Sequence sequence = pass.past == nullptr ? ranks::Sequence({seen.size(0)}) : ranks::Sequence();
    const ranks::Share share = sequence.share(seen.size(0));
    const Rope rope = {sequence.mine(pass.rope->cos), sequence.mine(pass.rope->sin)};
    const at::Tensor x =
        at::linear(sequence.mine(seen), ends.patch_in.weight.flatten(1), ends.patch_in.bias);  // [own tokens, h]
    const bool known = pass.clean.vector.defined();
    const int64_t first_frame =  // own tokens of it
        known ? std::clamp<int64_t>(seen.size(0) / latents.size(1) - share.first, 0, share.count) : 0;
    const bool keeps = pass.cross != nullptr;
    std::vector<CrossContext> own = keeps ? std::vector<CrossContext>() : cross_contexts(c, 1, *pass.context);
    if (keeps && pass.cross->empty()) *pass.cross = cross_contexts(c, c.layers, *pass.context);
    for (int64_t i = 0; i < c.layers; i++) {
        cancel.poll();
        const Block& block = blocks(i);
        CrossContext& context = keeps ? (*pass.cross)[static_cast<size_t>(i)] : own[0];
        if (!keeps || !context.filled) fill(c, block, *pass.context, context);
        const nn::Modulation m = nn::modulation_of(
            block.tables.modulation[0] + pass.times.modulation[0],
            known ? block.tables.modulation[0] + pass.clean.modulation[0] : at::Tensor(), 6, first_frame);
        const nn::KeyValues past = pass.past != nullptr ? pass.past->layer(i) : nn::KeyValues();
        forward(c, block, x, rope, context, m, pass.past != nullptr ? &past : nullptr, chunk, sequence);
    }
    const nn::Modulation m =
        nn::modulation_of(ends.tables.modulation[0] + pass.times.vector,
                          known ? ends.tables.modulation[0] + pass.clean.vector : at::Tensor(), 2, first_frame);
    const nn::PackedLinear head = ends.head.decoded(type);
    const at::Tensor y = at::empty({x.size(0), head.out}, x.options());
    nn::by_chunk(0, x.size(0), chunk, [&](int64_t at, int64_t count) {
        y.narrow(0, at, count).copy_(nn::forward(head, nn::norm_modulated(x, at, count, m, 0)));
    });
    return picture(sequence.gather(y, seen.size(0)), c.out_channels, latents.sizes());
}

}  // namespace zt::wan
