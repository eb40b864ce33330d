// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which files the video autoencoder is in, and its shapes. Reads names, headers and config.json. Torch-free.
#pragma once

#include <string>
#include <vector>

#include "families/minimax_h3/video_vae/config.h"
#include "load/part_file.h"

namespace zt::minimax_h3 {

struct VideoVaePart {
    load::PartFile file;
    VideoVaeConfig config;
};
// path: a folder of diffusers, the original folder (video_vae), or one file. Throws NOT_FOUND, IO, WEIGHTS (damaged,
// incomplete, tensors that are not its own), UNSUPPORTED (another kind).
[[nodiscard]] VideoVaePart open_video_vae(const std::string& path);
// What open_video_vae reads for the same path beside the path itself. Opens none.
void add_video_vae_files(const std::string& path, std::vector<std::string>& files);

}  // namespace zt::minimax_h3
