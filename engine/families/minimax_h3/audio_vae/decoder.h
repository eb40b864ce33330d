// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The half of MiniMax-H3's audio autoencoder that decodes: BigVGAN (Lee et al., arXiv 2206.04658), latents to a wave of
// one channel; stereo is two of them. Always fp32: bf16 makes it about 20 dB too quiet.
// Source: AutoencoderKLMiniMaxH3Audio of diffusers 0.42.1.
//
// Immutable once loaded; thread-safe to share.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "core/cancel.h"
#include "families/minimax_h3/audio_vae/config.h"

namespace zt::minimax_h3 {

// A convolution, forwards or transposed, whose kernel a file may hold as direction and length (weight norm over all
// axes but the first).
struct AudioConvolution {
    at::Tensor weight;  // the kernel, or its direction as long as there is a length
    at::Tensor length;  // undefined once it is multiplied
    at::Tensor bias;    // undefined: none
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + (length.defined() ? ".weight_v" : ".weight"), weight);
        if (length.defined()) f(name + ".weight_g", length);
        if (bias.defined()) f(name + ".bias", bias);
    }
};

// See nn/alias_free.h. In files both are logarithms; prepare() makes them what is multiplied with.
struct AudioSnake {
    at::Tensor frequency, magnitude;
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".act.alpha", frequency);
        f(name + ".act.beta", magnitude);
    }
};

// For each dilation: y += second(snake(first(snake(y)))), the first convolution with that dilation.
struct AudioBlock {
    std::vector<AudioConvolution> first, second;
    std::vector<AudioSnake> snakes;  // two for each
};

struct AudioStage {
    AudioConvolution up;
    std::vector<AudioBlock> blocks;  // their results are averaged
};

struct AudioVaeDecoder {
    AudioVaeConfig config;
    at::Tensor in_weight, in_bias;
    AudioConvolution pre, post;
    std::vector<AudioStage> stages;
    AudioSnake last;
    at::Tensor filter;  // of the snakes, made by prepare()
    template <class F>
    void visit(F&& f) {
        f("dec_in_proj.weight", in_weight);
        f("dec_in_proj.bias", in_bias);
        pre.visit(f, "decoder.conv_pre");
        size_t number = 0;
        for (size_t i = 0; i < stages.size(); i++) {
            stages[i].up.visit(f, "decoder.ups." + std::to_string(i) + ".0");
            for (AudioBlock& block : stages[i].blocks) {
                const std::string name = "decoder.resblocks." + std::to_string(number++);
                for (size_t d = 0; d < block.first.size(); d++) {
                    block.first[d].visit(f, name + ".convs1." + std::to_string(d));
                    block.second[d].visit(f, name + ".convs2." + std::to_string(d));
                }
                for (size_t d = 0; d < block.snakes.size(); d++)
                    block.snakes[d].visit(f, name + ".activations." + std::to_string(d));
            }
        }
        last.visit(f, "decoder.activation_post");
        post.visit(f, "decoder.conv_post");
    }
};

// Shapes without memory (on LibTorch's meta device), to be loaded. folded: as names.h has it.
[[nodiscard]] AudioVaeDecoder make_audio_vae_decoder(const AudioVaeConfig& config, bool folded);
// Once, after loading: kernels and snakes in the form that is computed with.
void prepare(AudioVaeDecoder& decoder);

// latents [channels of sound, latent_channels, n], normalised, fp32 on the decoder's device -> [channels of sound,
// n * samples_per_latent] fp32, -1..1. All at once: plan.h says what that holds, of 14 s of stereo some 350 MB. Polls
// cancel before every convolution; it may be null. Throws ARGUMENT for latents of another shape, CANCELLED.
[[nodiscard]] at::Tensor decode_audio(const AudioVaeDecoder& decoder, const at::Tensor& latents, const Cancel* cancel);

}  // namespace zt::minimax_h3
