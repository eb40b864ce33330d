// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From noise to the clean latents of one clip: experts, prompts and pictures around the loop of sample/.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "families/family.h"
#include "families/wan/model.h"

namespace zt::wan {

struct Conditions {
    const TextStates* positive = nullptr;
    const TextStates* negative = nullptr;  // null without guidance
    at::Tensor first;   // [z, 1, h, w]: the first frame's latent where it is known (TI2V-5B), else undefined
    at::Tensor clip;    // [tokens, image_dim]: what CLIP sees (2.1 with pictures), else undefined
    at::Tensor beside;  // [20, T, h, w]: what stands beside the noise (36 channels), else undefined
};

// -> [z, latent_frames, h, w] fp32.
[[nodiscard]] at::Tensor make_latents(const OpenedModel& model, const families::GenerationRequest& request,
                                      const families::Direction& direction, const Conditions& conditions,
                                      int64_t latent_frames, const load::Budget& budget, const Cancel& cancel,
                                      const families::ProgressFn& progress);

}  // namespace zt::wan
