// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a clip begins with when it does not begin with nothing: a still picture, or the frames of a
// clip that goes on. Frames do not tell where in its motion the subject is, nor which way round the
// backdrop is (its layout); both are found by letting the denoiser guess and comparing.
#pragma once

#include <vector>

#include "core/cancel.h"
#include "families/family.h"
#include "families/storybook/denoiser.h"
#include "families/storybook/vae.h"

namespace zt::storybook {

inline constexpr int64_t kGroupsLookedAt = kSlots + 1;   // a context and a chunk to compare with it

struct Beginning {
    at::Tensor latents;    // normalised, fp32, [1 to kGroupsLookedAt, 18, 32, channels], oldest first
    at::Tensor newest;     // the last frame itself, fp32, 0..1, [3, 144, 256]
    bool still = false;    // one picture, four times
};

// Of a first picture, or of a history (at least one frame): groups of four from the newest frame back;
// of fewer than four the oldest is repeated.
[[nodiscard]] Beginning encode_beginning(const Vae& vae, const std::vector<families::Picture>& pictures, zt_fit fit);

// The share of a picture's edges (squared differences of neighbouring pixels) that is the same in another one: 1 for the same
// picture, below 0 where edges are that the first one has not. Both fp32, 0..1, [3, height, width]
[[nodiscard]] double kept_edges(const at::Tensor& picture, const at::Tensor& other);

// A reading of a beginning: which of the given sentences, and the clock of the first new latent.
struct Reading {
    size_t sentence = 0;
    int64_t clock = 0;
};

// The reading under which the denoiser, from pure noise in one step, comes closest to the frames it
// has (or, of a still picture or a single group, comes closest to standing still). Deterministic; the
// sentences are the same words with different layouts, [1, text width] each.
[[nodiscard]] Reading read_beginning(const Denoiser& net, const Beginning& beginning, const std::vector<at::Tensor>& sentences, const Cancel& cancel);

}  // namespace zt::storybook
