// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The convolutional autoencoder of layers. The decoder is the engine's; the encoder is needed for training and export
// only, as a model ships latents.
#pragma once

#include "checkpoint.h"
#include "trained_families.h"

namespace zt::training {

struct LayerEncoder {
    nn::Linear in, down, latents;
    nn::Norm norm;
    std::vector<nn::ResidualBlock> quarter, eighth;
    template <class F>
    void visit(F&& f, const std::string& name) {
        in.visit(f, name + ".in");
        for (size_t i = 0; i < quarter.size(); i++) quarter[i].visit(f, name + ".quarter." + std::to_string(i));
        down.visit(f, name + ".down");
        for (size_t i = 0; i < eighth.size(); i++) eighth[i].visit(f, name + ".eighth." + std::to_string(i));
        norm.visit(f, name + ".norm");
        latents.visit(f, name + ".latents");
    }
};

struct LayerAutoencoder {
    LayerEncoder encoder;
    compositor::Decoder decoder;
    template <class F>
    void visit(F&& f) {
        encoder.visit(f, "encoder");
        decoder.visit(f);
    }
};

// picture_channels: of what goes in and comes out; 3 for pictures as they are seen.
[[nodiscard]] LayerAutoencoder make_layer_autoencoder(const compositor::DecoderConfig& config,
                                                      int64_t picture_channels = compositor::kLayerChannels);
// The configuration of a checkpoint, from the shapes of its tensors.
[[nodiscard]] compositor::DecoderConfig decoder_config_of(const Tensors& tensors);

// layers: [n, height, width, 7], sides multiples of 8 -> latents [n, height / 8, width / 8, channels]
[[nodiscard]] at::Tensor encode(const LayerEncoder& encoder, const at::Tensor& layers);

// Layers [..., 7] as RGB [..., 3]: composited over a grey background (0..1), with this tint and colour of the paper
// edge [3].
[[nodiscard]] at::Tensor composite(const at::Tensor& layers, double ground, const at::Tensor& tint,
                                   const at::Tensor& rim);

// Rounded to fp8 (e4m3), as latents are stored.
[[nodiscard]] inline at::Tensor in_eight_bits(const at::Tensor& latents) {
    return latents.clamp(-448, 448).to(at::kFloat8_e4m3fn).to(latents.scalar_type());
}

}  // namespace zt::training
