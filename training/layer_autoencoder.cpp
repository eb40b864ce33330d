// SPDX-License-Identifier: LGPL-2.1-or-later
#include "layer_autoencoder.h"

namespace zt::training {
namespace {

constexpr int64_t kQuarter = 64, kEighth = 128, kBlocks = 2;  // widths at 1/4 and 1/8 size

}  // namespace

LayerAutoencoder make_layer_autoencoder(const compositor::DecoderConfig& config, int64_t picture_channels) {
    LayerAutoencoder model;
    LayerEncoder& e = model.encoder;
    e.in = nn::make_linear(4 * 4 * picture_channels, kQuarter);
    e.down = nn::make_linear(4 * kQuarter, kEighth);
    for (int64_t i = 0; i < kBlocks; i++)
        e.quarter.push_back(nn::make_residual_block(kQuarter)), e.eighth.push_back(nn::make_residual_block(kEighth));
    e.norm = nn::make_norm(kEighth);
    e.latents = nn::make_linear(kEighth, config.channels);
    model.decoder = compositor::make_decoder(config);
    model.decoder.out = nn::make_conv(config.widths.back(), 2 * 2 * picture_channels);
    return model;
}

compositor::DecoderConfig decoder_config_of(const Tensors& tensors) {
    compositor::DecoderConfig c;
    c.channels = tensors.at("decoder.in.weight").size(1);
    for (size_t s = 0; s < c.widths.size(); s++) {
        const std::string stage = "decoder.stages." + std::to_string(s) + ".";
        c.widths[s] = tensors.at(stage + "0.conv1.weight").size(0);
        c.blocks[s] = 0;
        while (tensors.contains(stage + std::to_string(c.blocks[s]) + ".conv1.weight")) c.blocks[s]++;
    }
    return c;
}

at::Tensor encode(const LayerEncoder& e, const at::Tensor& layers) {
    at::Tensor x = nn::forward(e.in, nn::space_to_depth(layers, 4));
    for (const auto& block : e.quarter) x = nn::forward(block, x);
    x = nn::forward(e.down, nn::space_to_depth(x, 2));
    for (const auto& block : e.eighth) x = nn::forward(block, x);
    return nn::forward(e.latents, nn::forward(e.norm, x));
}

at::Tensor composite(const at::Tensor& layers, double ground, const at::Tensor& tint, const at::Tensor& rim) {
    const auto channel = [&](int64_t c) { return layers.slice(-1, c, c + 1); };
    return ground * (1 - channel(6)) * (1 - channel(5)) + layers.slice(-1, 0, 3) + channel(3) * tint + channel(4) * rim;
}

}  // namespace zt::training
