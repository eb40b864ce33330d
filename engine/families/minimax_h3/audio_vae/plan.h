// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which samples belong to which frame, and what decoding sound needs in memory. Arithmetic only, torch-free.
#pragma once

#include <cstdint>

#include "families/minimax_h3/audio_vae/config.h"

namespace zt::minimax_h3 {

inline constexpr int64_t kVideoRate = 24;  // frames a second, the only rate there is

// Latents of the sound of a video: its length in latents, the nearest whole number, of two the even one. So sound may
// be 8.3 ms longer or shorter than the picture. Throws ARGUMENT for frames below 1.
[[nodiscard]] int64_t audio_latents(const AudioVaeConfig& config, int64_t frames);
// The first sample of frame i: the nearest to i / 24 s. Frame i has those from here to the first of frame i + 1.
[[nodiscard]] int64_t first_sample(const AudioVaeConfig& config, int64_t frame);

// Most bytes that decoding so many latents holds beside the weights, the result included. channels: of sound.
[[nodiscard]] uint64_t audio_decoding_bytes(const AudioVaeConfig& config, int64_t latents, int64_t channels);

}  // namespace zt::minimax_h3
