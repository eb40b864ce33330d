// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shapes of a Wan 2.1 or 2.2 model, from the config.json files of a diffusers folder or from the shapes of a single
// file. Defaults are those of the published 14B text-to-video model. Field names follow the diffusers configuration
// keys. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "autoencoders/causal_config.h"

namespace zt::weights {
class Checkpoint;
}

namespace zt::wan {

inline constexpr int64_t kTextTokens = 512;   // that every prompt is padded to with zeros, which are attended
inline constexpr int64_t kTokenChunk = 2048;  // tokens in a projection at once
inline constexpr int64_t kBlockLatents = 3;   // that a causal model makes together

using autoencoders::parse_vae_config;
using autoencoders::vae_config_of;
using autoencoders::VaeConfig;

struct TransformerConfig {
    int64_t heads = 40, head_dim = 128;
    int64_t in_channels = 16, out_channels = 16;
    int64_t layers = 40, ffn_dim = 13824;
    int64_t text_dim = 4096, freq_dim = 256;
    int64_t image_dim = 0;     // of CLIP's tokens; 0: none are read
    int64_t image_tokens = 0;  // that have positions (first and last frame); 0: none have
    [[nodiscard]] int64_t width() const { return heads * head_dim; }
    static constexpr int64_t patch = 2;
    [[nodiscard]] bool operator==(const TransformerConfig&) const = default;
};

// Throw zt::Error(WEIGHTS, UNSUPPORTED) naming the key. name: of the file, in messages.
[[nodiscard]] TransformerConfig parse_transformer_config(std::string_view text, const std::string& name);

// num_attention_heads of the original repository's config.json, 0 for the text of another one. Throws UNSUPPORTED for a
// kind of model that is not read here.
[[nodiscard]] int64_t parse_original_heads(std::string_view text, const std::string& name);

// Throws UNSUPPORTED for a model of another kind that has Wan's tensors among its own (VACE, Animate ...), naming it.
void refuse_other_kinds(const weights::Checkpoint& file);
// From names and shapes. heads: where they are known; else those of 128 values.
[[nodiscard]] TransformerConfig transformer_config_of(const weights::Checkpoint& file, int64_t heads = 0);

}  // namespace zt::wan
