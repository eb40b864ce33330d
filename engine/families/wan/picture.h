// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a picture gives the transformer: its latent, and for the models with 36 channels what stands beside the noise.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "families/family.h"
#include "families/wan/model.h"

namespace zt::wan {

// half_history: see autoencoders::Memory.

// The first picture of the request as latents [z, 1, h, w], fp32: TI2V-5B's first frame.
[[nodiscard]] at::Tensor picture_latent(const OpenedModel& model, const families::GenerationRequest& request,
                                        bool half_history, const Cancel& cancel, const families::ProgressFn& progress);

// [20, T, h, w] fp32: a mask of four channels, 1 for the frames that are given, and the latents of a video that begins
// with the picture, goes on in grey and ends with the last picture where there is one. frames: 4 k + 1.
[[nodiscard]] at::Tensor picture_channels(const OpenedModel& model, const families::GenerationRequest& request,
                                          int64_t frames, bool half_history, const Cancel& cancel,
                                          const families::ProgressFn& progress);

// [1 + tokens, image_dim] of CLIP, of the first picture and behind it of the last where there is one: what 2.1 models
// look at.
[[nodiscard]] at::Tensor clip_features(const OpenedModel& model, const families::GenerationRequest& request,
                                       const Cancel& cancel);

}  // namespace zt::wan
