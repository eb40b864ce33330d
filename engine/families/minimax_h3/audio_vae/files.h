// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which files the audio autoencoder is in, and its shapes. Reads names, headers and config.json. Torch-free.
#pragma once

#include <string>
#include <vector>

#include "families/minimax_h3/audio_vae/config.h"
#include "load/part_file.h"

namespace zt::minimax_h3 {

struct AudioVaePart {
    load::PartFile file;
    AudioVaeConfig config;
    bool folded = false;  // see names.h
};
// path: a folder of diffusers, the original folder (audio_vae, with metadata.json), or one file. Throws NOT_FOUND, IO,
// WEIGHTS (damaged, incomplete, tensors that are not its own), UNSUPPORTED (another kind).
[[nodiscard]] AudioVaePart open_audio_vae(const std::string& path);
// What open_audio_vae reads for the same path beside the path itself. Opens none.
void add_audio_vae_files(const std::string& path, std::vector<std::string>& files);

}  // namespace zt::minimax_h3
