// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From noise to the clean latents of one clip: experts, prompts and pictures around the loop of sample/.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "families/wan/expert.h"

namespace zt::wan {

// -> [z, latent_frames, h, w] fp32.
[[nodiscard]] at::Tensor make_latents(const OpenedModel& model, const families::GenerationRequest& request,
                                      const families::Direction& direction, const Conditions& conditions,
                                      int64_t latent_frames, const load::Budget& budget, const Cancel& cancel,
                                      const families::ProgressFn& progress);

}  // namespace zt::wan
