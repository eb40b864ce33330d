// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See detection.h.
#include "families/minimax_h3/detection.h"

#include "families/minimax_h3/names.h"
#include "load/signature.h"

namespace zt::minimax_h3 {

families::Detection detect(const std::string& path) {
    // Latents of pictures and of sound go in: no other model has both.
    static const auto& signature =
        *new load::Signature{.indexes = {"modular_model_index.json", "model_index.json", "config.json"},
                             .class_prefix = "MiniMaxH3",
                             .transformer = &transformer_names(QkvOrder::kStacked),
                             .modules = {"video_patch_proj", "audio_patch_proj"}};
    return {load::has_signature(path, signature) ? families::Detection::Fit::kOurs : families::Detection::Fit::kNone,
            {}};
}

}  // namespace zt::minimax_h3
