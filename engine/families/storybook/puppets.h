// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The puppets of the plan, as latents of a window of half the picture's width. What there is to see is few: who does
// what in which style (an act), in one of four moments of it, before a camera that stands or one that shakes. Each such picture
// has a code; one sheet makes it latents, and a look - colour, light and style - shades these, all the same at every
// latent. The training fits it to rendered puppets by itself (training/train_puppets.cpp): sentences have no part in it.
#pragma once

#include "nn/layers.h"

namespace zt::storybook {

inline constexpr int64_t kPhases = 4;        // moments of an act, a latent each; see phases()
inline constexpr int64_t kHeld = 2;          // a camera held still, a camera that shakes
inline constexpr int64_t kBlock = 2;         // the sheet and the shading are of 2 x 2 latents

struct PuppetsConfig {
    int64_t acts = 325;                // the first is of nobody
    int64_t looks = 72;
    int64_t codes = 1024;              // numbers that say what a picture shows
    int64_t shade = 256;               // hidden units of the shading
};

struct Puppets {
    PuppetsConfig config;
    at::Tensor codes;                  // [acts, kHeld, kPhases, codes]
    nn::Linear sheet;                  // codes -> [9, 8, block], block: 2 x 2 latents of channels + 1, the last says how much of the scene is hidden
    at::Tensor gain;                   // [looks, block], times 1 + this
    nn::Linear hidden;                 // block -> shade
    at::Tensor steer, shift;           // [looks, shade], times 1 + this, plus this
    nn::Linear out;                    // shade -> block, added
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".codes.embedding", codes);
        sheet.visit(f, name + ".sheet");
        f(name + ".looks.gain.table", gain);
        hidden.visit(f, name + ".shade.hidden");
        f(name + ".looks.steer.table", steer);
        f(name + ".looks.shift.table", shift);
        out.visit(f, name + ".shade.project");
    }
};

// channels: of a latent.
[[nodiscard]] Puppets make_puppets(const PuppetsConfig& config, int64_t channels);

// Which moment of an act it is: the way to the right and the way back where puppets stroll, in two steps each; else all four by turns.
//   clock: int64, latents since the shot began, modulo 16; strolls: bool of the same shape -> int64 of the same shape
[[nodiscard]] at::Tensor phases(const at::Tensor& clock, const at::Tensor& strolls);

// Windows. act, phase, look: int64 [n]; shaken: bool or int64 [n] -> [n, 18, 16, channels + 1]
[[nodiscard]] at::Tensor forward(const Puppets& puppets, const at::Tensor& act, const at::Tensor& shaken, const at::Tensor& phase, const at::Tensor& look);

// Puppets in front of a scene. cast: [.., channels + 1], scene: [.., channels]
[[nodiscard]] at::Tensor in_front(const at::Tensor& cast, const at::Tensor& scene);

}  // namespace zt::storybook
