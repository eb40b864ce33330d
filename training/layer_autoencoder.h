// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The image autoencoder of layers: an encoder that only training and export need, and the engine's decoder.
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
// The configuration of a checkpoint, which shows in its tensors.
[[nodiscard]] compositor::DecoderConfig decoder_config_of(const Tensors& tensors);

// layers: [n, height, width, 7], sides multiples of 8 -> latents [n, height / 8, width / 8, channels]
[[nodiscard]] at::Tensor encode(const LayerEncoder& encoder, const at::Tensor& layers);

// What a viewer sees of layers [..., 7]: over a ground of one grey, with this tint and paper edge [3] -> [..., 3].
[[nodiscard]] at::Tensor composite(const at::Tensor& layers, double ground, const at::Tensor& tint,
                                   const at::Tensor& rim);

// The nearest values that an 8-bit float can hold.
[[nodiscard]] inline at::Tensor in_eight_bits(const at::Tensor& latents) {
    return latents.clamp(-448, 448).to(at::kFloat8_e4m3fn).to(latents.scalar_type());
}

}  // namespace zt::training
