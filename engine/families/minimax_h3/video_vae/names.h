// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names of the video autoencoder's tensors in diffusers' files and in the original ones, which ComfyUI's single files
// share. Torch-free.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "families/minimax_h3/video_vae/config.h"
#include "load/part_names.h"

namespace zt::minimax_h3 {

[[nodiscard]] const load::TableNames& video_vae_names();
// All that such an autoencoder has, both halves, under our names.
[[nodiscard]] std::vector<std::string> video_vae_tensors(const VideoVaeConfig& config);
// Whether one of our names is of the half that decodes, for load::resident_bytes.
[[nodiscard]] bool is_of_video_decoder(std::string_view ours);

}  // namespace zt::minimax_h3
