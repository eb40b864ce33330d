// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The storybook denoiser: a transformer that predicts three clean latents (a chunk of twelve
// frames) from noisy ones, the sentence, the noise level and the last clean latent before them.
//
// A token is 2x2 latents, 16x16 pixels of four frames: 9 x 16 tokens per latent picture. Each
// layer mixes over space by attention (every second layer) and 3x3 convolutions, and over time by
// one linear map across the three slots; sentence and noise level enter as shift, scale and gate
// of each sub-layer (AdaLN-Zero, Peebles & Xie 2212.09748). The context latent enters as input
// channels at its own place, with a flag that tells whether there is one: without it the same
// network starts a new clip. Sentence and clock (where in the shot we are) also give a plan, what is to be
// seen as they alone tell it (plan.h): the layers predict what it lacks. Convolutional feed-forward parts because
// small networks learn shapes from them in far fewer steps, and CPUs run them at their matrix rate.
#pragma once

#include <vector>

#include "core/cancel.h"
#include "families/storybook/plan.h"
#include "families/storybook/text_encoder.h"
#include "nn/layers.h"

namespace zt::storybook {

struct DenoiserConfig {
    int64_t channels = 24;             // of a latent
    int64_t width = 160, heads = 4, layers = 6, attention_every = 2;
    PlanConfig plan;
    bool pictures = false;             // trained to begin with a still picture
    TextConfig text;
};

struct DenoiserLayer {
    nn::Linear modulation;             // condition -> 6 * width: shift, scale, gate of both halves
    nn::Linear qkv, project;           // attention over the tokens of one slot; undefined in some layers
    nn::Linear time;                   // across slots: [3 * width] -> [3 * width] at each place
    nn::Conv conv1, conv2;
    template <class F>
    void visit(F&& f, const std::string& name) {
        modulation.visit(f, name + ".modulation");
        if (qkv.weight.defined()) {
            qkv.visit(f, name + ".qkv");
            project.visit(f, name + ".project");
        }
        time.visit(f, name + ".time");
        conv1.visit(f, name + ".conv1");
        conv2.visit(f, name + ".conv2");
    }
};

struct Denoiser {
    DenoiserConfig config;
    TextEncoder text;
    nn::Linear patch_in;               // 2 * 4 * channels + 1 -> width
    nn::Linear level1, level2;         // noise level features -> condition
    nn::Linear sentence;               // text feature -> condition
    Plan plan;                         // what sentence and clock say about each latent
    nn::Linear plan_in;                // the plan's latents and puppets, 4 * (2 * channels + 1) -> width
    at::Tensor position;               // [kSlots, 9, 16, width]
    at::Tensor clock_level;            // [kClock, width], part of the condition
    std::vector<DenoiserLayer> layers;
    nn::Linear last_modulation;        // condition -> shift, scale
    nn::Linear patch_out;              // width -> 4 * channels, what the plan lacks
    template <class F>
    void visit(F&& f) {
        text.visit(f);
        patch_in.visit(f, "patch_in");
        level1.visit(f, "level1");
        level2.visit(f, "level2");
        sentence.visit(f, "sentence");
        plan.visit(f);
        plan_in.visit(f, "plan_in");
        f("position", position);
        f("clock.level.table", clock_level);
        for (size_t i = 0; i < layers.size(); i++) layers[i].visit(f, "layers." + std::to_string(i));
        last_modulation.visit(f, "last.modulation");
        patch_out.visit(f, "patch_out");
    }
};

[[nodiscard]] Denoiser make_denoiser(const DenoiserConfig& config);

// Clean latents predicted from noisy ones (x-prediction).
//   noisy    [batch, 3, 18, 32, channels]
//   context  [batch, 18, 32, channels], zero where there is none
//   present  [batch], 1 where there is a context, -1 where it is of a still picture that the first latent
//            begins with, else 0
//   sigma    [batch] fp32, 1 = noise, 0 = clean
//   sentence [batch, text width], from the text encoder
//   clock    [batch] int64, latents since the shot began, modulo kClock
//   plan     of the same sentence and clock, from net.plan
[[nodiscard]] at::Tensor forward(const Denoiser& net, const at::Tensor& noisy, const at::Tensor& context, const at::Tensor& present,
                                 const at::Tensor& sigma, const at::Tensor& sentence, const at::Tensor& clock, const Planned& plan,
                                 const Cancel* cancel = nullptr);

}  // namespace zt::storybook
