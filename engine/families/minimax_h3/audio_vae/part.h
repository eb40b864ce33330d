// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The audio autoencoder from what lies on a disk (files.h).
#pragma once

#include "families/minimax_h3/audio_vae/decoder.h"
#include "families/minimax_h3/audio_vae/files.h"
#include "load/part_reader.h"

namespace zt::minimax_h3 {

// Prepared. options: device, cancel. Throws what PartReader throws.
[[nodiscard]] AudioVaeDecoder load_audio_vae_decoder(const AudioVaePart& part, load::ReaderOptions options);

}  // namespace zt::minimax_h3
