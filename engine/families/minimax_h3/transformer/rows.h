// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Between latents and rows of the sequence, and the noise that a clip begins with. Source: diffusers 0.42.1,
// modular_pipelines/minimax_h3/before_denoise.py.
#pragma once

#include <ATen/ATen.h>

#include <span>

#include "families/minimax_h3/config.h"
#include "families/minimax_h3/layout.h"
#include "families/minimax_h3/transformer/transformer.h"
#include "sample/noise.h"

namespace zt::minimax_h3 {

// [channels, frames, height, width] -> [frames * height/2 * width/2, 4 channels]: by frame, row, column; inside a row
// channel, then the four latents of a patch.
[[nodiscard]] at::Tensor rows_of(const at::Tensor& latents);
// Back again.
[[nodiscard]] at::Tensor latents_of(const at::Tensor& rows, const Geometry& geometry);
// Audio rows [2 latents, channels] -> [2, channels, latents]: a mono clip for each ear.
[[nodiscard]] at::Tensor audio_latents_of(const at::Tensor& rows);

// What a clip begins with, all fp32 on the CPU.
struct Start {
    at::Tensor keyframes;  // rows of all of them, nearly clean; undefined: none
    Rows noise;
};
// keyframes: latents [channels, 1, height, width] of each, normalised, in packed order: they are mixed with noise that
// is drawn before that of video and audio, so a keyframe changes those as well.
[[nodiscard]] Start draw_start(const TransformerConfig& config, const Geometry& geometry, sample::Noise& noise,
                               std::span<const at::Tensor> keyframes);

}  // namespace zt::minimax_h3
