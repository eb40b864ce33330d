// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Streaming video VAE of the storybook model: four frames become one latent picture of 1/8 size.
//
// The encoder sees one group of four frames alone, so any latent can start a clip. The decoder
// remembers: its first block at each resolution also reads its own input of the previous group
// (DecoderState), which makes motion continuous; decoding group by group with the state handed on
// gives the same values as decoding the whole clip. The idea of memory blocks in a small
// convolutional decoder follows TAEHV; widths and losses are ours (training/README.md).
#pragma once

#include <array>
#include <vector>

#include "core/cancel.h"
#include "nn/layers.h"

namespace zt::storybook {

inline constexpr int64_t kGroup = 4;        // frames per latent
inline constexpr int64_t kSpatial = 8;      // pixels per latent, each way
inline constexpr int64_t kWidth = 256, kHeight = 144;
inline constexpr int64_t kLatentWidth = kWidth / kSpatial, kLatentHeight = kHeight / kSpatial;

struct VaeConfig {
    int64_t channels = 24;                               // of a latent
    std::array<int64_t, 2> encoder{96, 160};             // widths at 1/4 and 1/8 size
    std::array<int64_t, 3> decoder{160, 80, 40};         // widths at 1/8, 1/4 and 1/2 size
    std::array<int64_t, 2> encoder_blocks{2, 2};
    std::array<int64_t, 3> decoder_blocks{3, 2, 2};
};

// x + conv2(silu(conv1(norm(x)) + memory(previous x)))
struct ResidualBlock {
    nn::Norm norm;
    nn::Conv conv1, conv2;
    nn::Linear memory;     // undefined where the block has no memory
    template <class F>
    void visit(F&& f, const std::string& name) {
        norm.visit(f, name + ".norm");
        conv1.visit(f, name + ".conv1");
        conv2.visit(f, name + ".conv2");
        if (memory.weight.defined()) memory.visit(f, name + ".memory");
    }
};

struct Encoder {
    nn::Linear in, down, out;
    nn::Norm norm;
    std::vector<ResidualBlock> quarter, eighth;
    template <class F>
    void visit(F&& f, const std::string& name) {
        in.visit(f, name + ".in");
        for (size_t i = 0; i < quarter.size(); i++) quarter[i].visit(f, name + ".quarter." + std::to_string(i));
        down.visit(f, name + ".down");
        for (size_t i = 0; i < eighth.size(); i++) eighth[i].visit(f, name + ".eighth." + std::to_string(i));
        norm.visit(f, name + ".norm");
        out.visit(f, name + ".out");
    }
};

struct Decoder {
    nn::Linear in;
    std::array<std::vector<ResidualBlock>, 3> stages;
    std::array<nn::Linear, 2> up;
    nn::Norm norm;
    nn::Conv out;
    template <class F>
    void visit(F&& f, const std::string& name) {
        in.visit(f, name + ".in");
        for (size_t s = 0; s < 3; s++) {
            for (size_t i = 0; i < stages[s].size(); i++)
                stages[s][i].visit(f, name + ".stages." + std::to_string(s) + "." + std::to_string(i));
            if (s < 2) up[s].visit(f, name + ".up." + std::to_string(s));
        }
        norm.visit(f, name + ".norm");
        out.visit(f, name + ".out");
    }
};

struct Vae {
    VaeConfig config;
    Encoder encoder;
    Decoder decoder;
    at::Tensor latent_mean, latent_std;   // [channels], of the training set; latents leave normalised
    template <class F>
    void visit(F&& f) {
        encoder.visit(f, "encoder");
        decoder.visit(f, "decoder");
        f("latent_mean", latent_mean);
        f("latent_std", latent_std);
    }
};

// What the decoder remembers of the previous group: one tensor per stage, undefined at a start.
struct DecoderState {
    std::array<at::Tensor, 3> memory;   // [batch, height, width, channel]
};

[[nodiscard]] Vae make_vae(const VaeConfig& config);

// frames: [batch, 4, height, width, 3] in -1..1 -> mean and log variance [batch, height / 8, width / 8, 2 * channels],
// not normalised. Height and width are multiples of 8.
[[nodiscard]] at::Tensor encode_moments(const Vae& vae, const at::Tensor& frames);

// Normalised mean, what the denoiser works on: [batch, height / 8, width / 8, channels].
[[nodiscard]] at::Tensor encode(const Vae& vae, const at::Tensor& frames);

// latents: [batch, h, w, channels], not normalised -> [batch, 4h, 4w, 2 * 2 * 4 * 3] (2x2 pixels, frames, RGB).
// state is read and overwritten.
[[nodiscard]] at::Tensor decode_blocks(const Vae& vae, const at::Tensor& latents, DecoderState& state, const Cancel* cancel = nullptr);

// One group: normalised latents [1, h, w, channels] -> frames [4, 3, 8h, 8w], fp32, 0..1 (not clamped).
[[nodiscard]] at::Tensor decode(const Vae& vae, const at::Tensor& latents, DecoderState& state, const Cancel* cancel = nullptr);

}  // namespace zt::storybook
