// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See part.h.
#include "families/minimax_h3/audio_vae/part.h"

#include <utility>

#include "families/minimax_h3/audio_vae/names.h"

namespace zt::minimax_h3 {

AudioVaeDecoder load_audio_vae_decoder(const AudioVaePart& part, load::ReaderOptions options) {
    const load::PartReader reader(part.file.checkpoint, audio_vae_names(), std::move(options));
    AudioVaeDecoder decoder = make_audio_vae_decoder(part.config, part.folded);
    reader.fill(decoder, at::kFloat, /*keep_packed=*/false);
    prepare(decoder);
    return decoder;
}

}  // namespace zt::minimax_h3
