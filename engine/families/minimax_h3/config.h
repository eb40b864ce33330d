// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shape of MiniMax-H3's transformer, from the config.json of a diffusers folder or from the shapes of any other
// file. Defaults are those of the released model. Field names follow the diffusers configuration keys. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "load/part_file.h"

namespace zt::minimax_h3 {

inline constexpr int64_t kModalities = 3;     // video, text, audio: rows of a modulation table for each time
inline constexpr int64_t kTokenChunk = 2048;  // tokens in a projection at once
// "_class_name" of diffusers' config.json.
inline constexpr std::string_view kTransformerClass = "MiniMaxH3Transformer3DModel";

struct TransformerConfig {
    int64_t heads = 56, head_dim = 128;
    int64_t hidden = 5376, layers = 50, refiner_layers = 2, ffn_dim = 14336;
    int64_t channels = 24, audio_channels = 32;  // of the latents
    int64_t text_dim = 5120;
    int64_t freq_dim = 256, time_hidden = 5376;
    int64_t time_dim = 2688;  // what the modulation is made of; of a pruned file the rank of its table
    int64_t rope_frequencies = 16;
    int64_t table_points = 0;  // of the time table of a pruned file, which has no time embedder; 0: it has one
    double rope_theta = 1e4;
    double norm_eps = 1e-5, qk_norm_eps = 1e-5, final_norm_eps = 1e-5;
    static constexpr int64_t patch = 2;                               // latents of a row of video, each way
    [[nodiscard]] int64_t inner() const { return heads * head_dim; }  // of the attention; not the width of the model
    [[nodiscard]] int64_t video_row() const { return channels * patch * patch; }
    [[nodiscard]] bool operator==(const TransformerConfig&) const = default;
};

// Diffusers' config.json. Throws zt::Error(WEIGHTS, UNSUPPORTED) naming the key. name: of the file, in messages.
[[nodiscard]] TransformerConfig parse_transformer_config(std::string_view text, const std::string& name);

// Throws UNSUPPORTED for a model of another kind that has MiniMax-H3's tensors among its own, naming it: sparse
// attention (FastH3), a bank of heads, ControlNet.
void refuse_other_kinds(const weights::Checkpoint& file);
// From names and shapes, of any layout. Throws UNSUPPORTED for another model, WEIGHTS.
[[nodiscard]] TransformerConfig transformer_config_of(const weights::Checkpoint& file);
// Either: the original repository's config.json has other keys, and its shapes tell all of them. Throws as both do.
[[nodiscard]] TransformerConfig read_transformer_config(load::PartFile& part);

}  // namespace zt::minimax_h3
