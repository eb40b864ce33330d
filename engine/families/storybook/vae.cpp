// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Encoder and decoder passes.
#include "families/storybook/vae.h"

namespace zt::storybook {
namespace {

ResidualBlock make_block(int64_t width, bool memory) {
    ResidualBlock b{nn::make_norm(width), nn::make_conv(width, width), nn::make_conv(width, width), {}};
    if (memory) b.memory = nn::make_linear(width, width);
    return b;
}

at::Tensor forward(const ResidualBlock& block, const at::Tensor& x, const at::Tensor& previous = {}) {
    at::Tensor h = nn::forward(block.conv1, nn::forward(block.norm, x));
    if (previous.defined()) h = h + nn::forward(block.memory, previous);
    return x + nn::forward(block.conv2, at::silu(h));
}

}  // namespace

Vae make_vae(const VaeConfig& c) {
    Vae vae;
    vae.config = c;
    Encoder& e = vae.encoder;
    e.in = nn::make_linear(4 * 4 * kGroup * 3, c.encoder[0]);
    for (int64_t i = 0; i < c.encoder_blocks[0]; i++) e.quarter.push_back(make_block(c.encoder[0], false));
    e.down = nn::make_linear(4 * c.encoder[0], c.encoder[1]);
    for (int64_t i = 0; i < c.encoder_blocks[1]; i++) e.eighth.push_back(make_block(c.encoder[1], false));
    e.norm = nn::make_norm(c.encoder[1]);
    e.out = nn::make_linear(c.encoder[1], 2 * c.channels);
    Decoder& d = vae.decoder;
    d.in = nn::make_linear(c.channels, c.decoder[0]);
    for (size_t s = 0; s < 3; s++) {
        for (int64_t i = 0; i < c.decoder_blocks[s]; i++) d.stages[s].push_back(make_block(c.decoder[s], i == 0));
        if (s < 2) d.up[s] = nn::make_linear(c.decoder[s], 4 * c.decoder[s + 1]);
    }
    d.norm = nn::make_norm(c.decoder[2]);
    d.out = nn::make_conv(c.decoder[2], 2 * 2 * kGroup * 3);
    vae.latent_mean = at::zeros({c.channels});
    vae.latent_std = at::ones({c.channels});
    return vae;
}

at::Tensor encode_moments(const Vae& vae, const at::Tensor& frames) {
    const Encoder& e = vae.encoder;
    const int64_t n = frames.size(0), h = frames.size(2), w = frames.size(3);
    at::Tensor x = frames.permute({0, 2, 3, 1, 4}).reshape({n, h, w, kGroup * 3});
    x = nn::forward(e.in, nn::space_to_depth(x, 4));                       // [n, h/4, w/4, encoder[0]]
    for (const auto& block : e.quarter) x = forward(block, x);
    x = nn::forward(e.down, nn::space_to_depth(x, 2));                     // [n, h/8, w/8, encoder[1]]
    for (const auto& block : e.eighth) x = forward(block, x);
    return nn::forward(e.out, nn::forward(e.norm, x));
}

at::Tensor encode(const Vae& vae, const at::Tensor& frames) {
    const at::Tensor mean = encode_moments(vae, frames).slice(-1, 0, vae.config.channels).to(at::kFloat);
    return (mean - vae.latent_mean) / vae.latent_std;
}

at::Tensor decode_blocks(const Vae& vae, const at::Tensor& latents, DecoderState& state, const Cancel* cancel) {
    const Decoder& d = vae.decoder;
    at::Tensor x = nn::forward(d.in, latents);
    for (size_t s = 0; s < 3; s++) {
        if (cancel) cancel->poll();
        const at::Tensor previous = state.memory[s];
        state.memory[s] = x;
        for (size_t i = 0; i < d.stages[s].size(); i++) x = forward(d.stages[s][i], x, i == 0 ? previous : at::Tensor());
        if (s < 2) x = nn::depth_to_space(nn::forward(d.up[s], x), 2);
    }
    return nn::forward(d.out, nn::forward(d.norm, x));
}

at::Tensor decode(const Vae& vae, const at::Tensor& latents, DecoderState& state, const Cancel* cancel) {
    const at::ScalarType dtype = vae.decoder.in.weight.scalar_type();
    const at::Tensor z = (latents.to(at::kFloat) * vae.latent_std + vae.latent_mean).to(dtype);
    const at::Tensor blocks = decode_blocks(vae, z, state, cancel);
    const at::Tensor pixels = nn::depth_to_space(blocks, 2);               // [1, 8h, 8w, 4 * 3]
    const int64_t h = pixels.size(1), w = pixels.size(2);
    return pixels.reshape({h, w, kGroup, 3}).permute({2, 3, 0, 1}).to(at::kFloat).mul(0.5).add_(0.5).contiguous();
}

}  // namespace zt::storybook
