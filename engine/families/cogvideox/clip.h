// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From a prompt and a picture to the clean latents of one clip.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <string>

#include "families/cogvideox/model.h"
#include "families/family.h"

namespace zt::cogvideox {

// Who asks, and who is told.
struct Work {
    const families::GenerationRequest& request;
    const families::Direction& direction;
    const ClipPlan& plan;
    const Cancel& cancel;
    const families::ProgressFn& progress;
};

// From the model's cache, or by T5, one layer at a time from disk; warns of words that have no room or that T5 does not
// know. option: where the prompt comes from, in the warning. Throws PROMPT for a text that is not UTF-8.
[[nodiscard]] std::shared_ptr<const TextStates> encode_text(const OpenedModel& model, const std::string& prompt,
                                                            const char* option, const Work& work);

// -> [T, latent_channels, h, w] fp32, without the latent that 1.5 is given too many. frames: 8 k + 1.
[[nodiscard]] at::Tensor make_latents(const OpenedModel& model, const Work& work, int64_t frames);

}  // namespace zt::cogvideox
