// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shapes of a HunyuanVideo model. Read from the config.json files of a diffusers folder, or from
// the tensor shapes of a single file (config.cpp). Defaults are those of the published 13B model.
// Field names follow the diffusers configuration keys.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zt::weights {
class Checkpoint;
}

namespace zt::hunyuan_video {

enum class Kind : uint8_t { kTextToVideo, kTokenReplace, kLatentConcat };

inline constexpr int64_t kTokenChunk = 2048;  // tokens in a projection at once

struct TransformerConfig {
    Kind kind = Kind::kTextToVideo;
    int64_t in_channels = 16, out_channels = 16;
    int64_t heads = 24, head_dim = 128;
    int64_t layers = 20, single_layers = 40, refiner_layers = 2;
    double mlp_ratio = 4.0;
    int64_t patch = 2, patch_t = 1;
    bool guidance_embeds = true;
    int64_t text_dim = 4096, pooled_dim = 768;
    double rope_theta = 256.0;
    std::array<int64_t, 3> rope_axes{16, 56, 56};  // t, h, w; even, sum = head_dim

    [[nodiscard]] int64_t width() const { return heads * head_dim; }
    [[nodiscard]] int64_t mlp_width() const { return static_cast<int64_t>(static_cast<double>(width()) * mlp_ratio); }
};

struct VaeConfig {
    int64_t image_channels = 3, latent_channels = 16;
    std::vector<int64_t> block_out{128, 256, 512, 512};
    int64_t layers_per_block = 2, norm_groups = 32;
    double scaling_factor = 0.476986;
    int64_t spatial_compression = 8, temporal_compression = 4;
};

// From the text of a config.json; `file` starts messages. Every number is checked against a range, what
// these classes do not compute is refused. Throw zt::Error(WEIGHTS), UNSUPPORTED for other models.
[[nodiscard]] TransformerConfig parse_transformer_config(std::string_view text, const std::string& file);
[[nodiscard]] VaeConfig parse_vae_config(std::string_view text, const std::string& file);

// From the shapes of the tensors, for files without a config.json. What shapes cannot tell is the published model's: 32
// norm groups. The kind is then kLatentConcat for 33 channels, else kTextToVideo: token_replace has the same shapes. A
// file as wide as the published model has as many blocks; of other widths any number is taken. Throw WEIGHTS,
// UNSUPPORTED.
[[nodiscard]] TransformerConfig transformer_config_of(const weights::Checkpoint& file);
[[nodiscard]] VaeConfig vae_config_of(const weights::Checkpoint& file);

// Block counts of a file against its config.json: one block more or less would go unseen. Throw WEIGHTS.
void check_blocks(const TransformerConfig& config, const weights::Checkpoint& file);
void check_blocks(const VaeConfig& config, const weights::Checkpoint& file);

// The kind by its name in engine_opts: "t2v", "token_replace", "latent_concat". Throws ARGUMENT.
[[nodiscard]] Kind parse_kind(std::string_view name);
[[nodiscard]] std::string_view kind_name(Kind kind) noexcept;

}  // namespace zt::hunyuan_video
