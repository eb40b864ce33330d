// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names of the audio autoencoder's tensors: the same in diffusers' and the original files, whose kernels are directions
// and lengths (weight norm, arXiv 1602.07868); in ComfyUI's single file these are multiplied. Torch-free.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "families/minimax_h3/audio_vae/config.h"
#include "load/part_names.h"

namespace zt::minimax_h3 {

inline constexpr size_t kMostAudioBlocks = 4, kMostDilations = 4;  // of a stage, of a block: which names are made for

[[nodiscard]] const load::TableNames& audio_vae_names();
// Whether the kernels of a file are multiplied already.
[[nodiscard]] bool is_folded(const weights::Checkpoint& file);
// All that decoding reads, under our names.
[[nodiscard]] std::vector<std::string> audio_vae_tensors(const AudioVaeConfig& config, bool folded);

}  // namespace zt::minimax_h3
