// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shapes of CLIP's towers, that for text and that for pictures, and how files spell their tensors. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/part_names.h"

namespace zt::weights {
class Checkpoint;
}

namespace zt::encoders {

struct ClipConfig {
    int64_t hidden = 768, intermediate = 3072, layers = 12, heads = 12;
    double norm_eps = 1e-5;
    bool quick_gelu = true;                              // x sigmoid(1.702 x), OpenAI's; else the exact one, OpenCLIP's
    int64_t vocab = 49408, positions = 77, eos = 49407;  // text
    int64_t image_size = 336, patch = 14;                // pictures
};

enum class Tower : uint8_t { kText, kVision };

// Tokens that one picture becomes, without the class token.
[[nodiscard]] inline int64_t picture_tokens(const ClipConfig& c) {
    return (c.image_size / c.patch) * (c.image_size / c.patch);
}

// config.json of transformers: of the tower alone, of CLIP, or of LLaVA; name: in messages. Throw zt::Error(WEIGHTS,
// UNSUPPORTED) naming the key.
[[nodiscard]] ClipConfig parse_clip_text_config(std::string_view text, const std::string& name);
[[nodiscard]] ClipConfig parse_clip_vision_config(std::string_view text, const std::string& name);
// From shapes. What they cannot tell is that of published models: ViT-L/14 (64 values a head) and, for pictures,
// ViT-H/14 (80, exact GELU). A file as wide as one of those has as many layers; of other widths any number is taken.
[[nodiscard]] ClipConfig clip_text_config_of(const weights::Checkpoint& file);
[[nodiscard]] ClipConfig clip_vision_config_of(const weights::Checkpoint& file);

// Block counts of a file against its config.json: one block more or less would go unseen. The last one of the tower for
// pictures is not used and may be left out. Throws WEIGHTS.
void check_blocks(const ClipConfig& config, const weights::Checkpoint& file, Tower tower);

// Of a file that holds CLIP and nothing else: whether the tower for pictures is whole, as far as it is used, and no
// tensor is of something else. Throws WEIGHTS naming the tensor.
void check_clip_vision(const ClipConfig& config, const weights::Checkpoint& file);

[[nodiscard]] const load::TableNames& clip_names(Tower tower);
// Tensors that so many used layers read, under our names.
[[nodiscard]] std::vector<std::string> clip_tensors(Tower tower, int64_t layers);

}  // namespace zt::encoders
