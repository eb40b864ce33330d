// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The decoder of the image autoencoder whose latents the model stores: a small convolutional network, latents of a
// sprite or ring -> a layer.
//
// A layer is a picture of seven channels, premultiplied by its own alpha, all 0..1:
//   0..2 fixed colour   3 how much of the tint (a subject's colour, the light of a window)
//   4 paper edge        5 coverage (alpha)        6 shadow on what is behind
// Latents are 1/8 of a layer's size each way. Immutable while in use; thread-safe to share.
#pragma once

#include <string>
#include <vector>

#include "core/cancel.h"
#include "families/storybook/layer.h"
#include "nn/layers.h"

namespace zt::storybook {

// Widths and numbers of residual blocks at 1/8, 1/4 and 1/2 of the layer's size. Every width is a multiple of 8.
struct DecoderConfig {
    int64_t channels = 16;  // of a latent
    std::vector<int64_t> widths{128, 64, 32};
    std::vector<int64_t> blocks{2, 2, 2};
};

struct Decoder {
    DecoderConfig config;
    nn::Conv in;
    std::vector<std::vector<nn::ResidualBlock>> stages;  // one per width
    std::vector<nn::Linear> up;                          // between stages: doubles width and height
    nn::Norm norm;
    nn::Conv out;  // to 2x2 pixels of a layer
    // Names begin with "decoder.", as in layers.safetensors.
    template <class F>
    void visit(F&& f) {
        in.visit(f, "decoder.in");
        for (size_t s = 0; s < stages.size(); s++) {
            for (size_t i = 0; i < stages[s].size(); i++)
                stages[s][i].visit(f, "decoder.stages." + std::to_string(s) + "." + std::to_string(i));
            if (s < up.size()) up[s].visit(f, "decoder.up." + std::to_string(s));
        }
        norm.visit(f, "decoder.norm");
        out.visit(f, "decoder.out");
    }
};

// Weights of the given shape, not initialised. config has three widths and three numbers of blocks.
[[nodiscard]] Decoder make_decoder(const DecoderConfig& config);

// The pass without the last clamp, as training needs it: latents [n, h, w, channels] -> [n, 8h, 8w, 7] in the weights'
// type.
[[nodiscard]] at::Tensor decode_layers(const Decoder& decoder, const at::Tensor& latents,
                                       const Cancel* cancel = nullptr);

// Latents of any floating type [n, h, w, channels] -> fp32 [n, 8h, 8w, 7], contiguous, clamped to 0..1. Throws when
// `cancel` was requested.
[[nodiscard]] at::Tensor forward(const Decoder& decoder, const at::Tensor& latents, const Cancel* cancel = nullptr);

}  // namespace zt::storybook
