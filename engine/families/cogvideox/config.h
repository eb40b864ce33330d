// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shapes of a CogVideoX model, from the config.json files of a diffusers folder or from the shapes of a single
// file. Defaults are those of the published 5B. Field names follow the diffusers configuration keys. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "autoencoders/batched_config.h"

namespace zt::weights {
class Checkpoint;
}

namespace zt::cogvideox {

using autoencoders::batched::kSpaceCompression, autoencoders::batched::kTimeCompression,
    autoencoders::batched::VaeConfig;

inline constexpr int64_t kPatch = 2;
inline constexpr int64_t k2bWidth = 1920;
inline constexpr int64_t kVideoStep = autoencoders::batched::kFrameBatch;
inline constexpr int64_t kTokenChunk = 2048;  // tokens in a projection at once

struct TransformerConfig {
    int64_t heads = 48, head_dim = 64;
    int64_t in_channels = 16, out_channels = 16;
    int64_t layers = 42, time_dim = 512, ofs_dim = 0;  // ofs: 1.5 with a picture
    int64_t text_dim = 4096, text_tokens = 226;        // every prompt is padded to these, which are attended
    int64_t patch_time = 1;                            // 1.5: 2
    int64_t sample_height = 60, sample_width = 90, sample_frames = 49;  // latents, latents, frames
    double space_scale = 1.875, time_scale = 1.0;                       // of added positions
    bool rotary = true;                                                 // else sines are added to the tokens (2B)
    bool learned = false;  // a table is added to the tokens beside the turning (5B-I2V)
    [[nodiscard]] int64_t width() const { return heads * head_dim; }
    [[nodiscard]] bool takes_picture() const { return in_channels == 2 * out_channels; }
    [[nodiscard]] bool is_15() const { return patch_time == 2; }
    [[nodiscard]] int64_t patch_values() const { return kPatch * kPatch * patch_time; }
    [[nodiscard]] int64_t table_rows() const {
        return text_tokens +
               ((sample_frames - 1) / kTimeCompression + 1) * (sample_height / kPatch) * (sample_width / kPatch);
    }
    [[nodiscard]] int64_t latent_frames(int64_t frames) const {  // that are denoised: 1.5 takes pairs
        const int64_t latents = (frames - 1) / kTimeCompression + 1;
        return (latents + patch_time - 1) / patch_time * patch_time;
    }
};

// Frames of a clip that a shot of so many is cut from: 8 k + 1.
[[nodiscard]] constexpr int64_t clip_frames(int64_t frames) {
    return (frames - 1 + kVideoStep - 1) / kVideoStep * kVideoStep + 1;
}

// Throw zt::Error(WEIGHTS, UNSUPPORTED) naming the key. name: of the file, in messages.
[[nodiscard]] TransformerConfig parse_transformer_config(std::string_view text, const std::string& name);
// From names and shapes.
[[nodiscard]] TransformerConfig transformer_config_of(const weights::Checkpoint& file);
// Scaling and inversion of an autoencoder whose file does not tell are the transformer's kind's.
void set_scaling(const TransformerConfig& transformer, VaeConfig& vae);

// Throws UNSUPPORTED for a model of another kind that has CogVideoX's tensors among its own, naming it.
void refuse_other_kinds(const weights::Checkpoint& file);
void refuse_other_channels(const TransformerConfig& config, const weights::Checkpoint& file);

}  // namespace zt::cogvideox
