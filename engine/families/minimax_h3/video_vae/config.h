// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shapes of MiniMax-H3's video autoencoder (a causal CNN that encodes, a ViT that decodes), from the config.json of
// a diffusers folder, from the two of an original one, or from a single file. Field names follow the diffusers
// configuration keys; defaults are those of the published one. Torch-free.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zt::weights {
class Checkpoint;
}

namespace zt::minimax_h3 {

// Pixels are normalised by ImageNet's mean and spread of red, green and blue in 0..1.
inline constexpr std::array<float, 3> kColourMean = {0.485F, 0.456F, 0.406F}, kColourStd = {0.229F, 0.224F, 0.225F};

struct VideoVaeConfig {
    int64_t latent_channels = 24;
    // Encoder: levels of two kinds of shrinking.
    std::vector<int64_t> block_out = {128, 256, 256, 512, 512, 1024};
    std::vector<int64_t> space_down = {2, 2, 2, 2, 1, 1}, time_down = {1, 2, 2, 1, 1, 1};
    int64_t layers_per_block = 2, norm_groups = 32;
    double norm_eps = 1e-6;
    // Decoder.
    int64_t layers = 36, heads = 32, head_dim = 64, registers = 4, ffn_mult = 4;
    double rope_theta = 100.0, rope_ratio = 0.75, decoder_eps = 1e-5;
    // Of a clip that is coded at once.
    int64_t clip_length = 17, token_drop = 3;
    std::vector<float> mean, std;  // of each latent channel

    [[nodiscard]] int64_t width() const { return heads * head_dim; }
    [[nodiscard]] int64_t ffn_width() const { return width() * ffn_mult; }
    [[nodiscard]] int64_t spatial_compression() const;
    [[nodiscard]] int64_t temporal_compression() const;
    [[nodiscard]] int64_t turned() const;  // pairs of channels of a head that turn, over all three axes
};

// The published one, with its statistics.
[[nodiscard]] VideoVaeConfig published_video_vae();

// config.json of diffusers. name: in messages. Throws zt::Error(WEIGHTS, UNSUPPORTED) naming the key.
[[nodiscard]] VideoVaeConfig parse_video_vae_config(std::string_view text, const std::string& name);

// The original layout: video_vae/config.json says where the weights are and holds statistics and lengths, the
// config.json beside the weights holds the shapes.
struct OriginalVideoVae {
    std::string folder, file;  // of the weights, within the folder of the part: "source", "model.safetensors"
};
[[nodiscard]] bool is_original_video_vae(std::string_view text, const std::string& name);
[[nodiscard]] OriginalVideoVae parse_original_video_vae(std::string_view text, const std::string& name);
[[nodiscard]] VideoVaeConfig parse_original_video_vae_config(std::string_view wrapper, const std::string& wrapper_name,
                                                             std::string_view source, const std::string& source_name);

// The published one of these shapes; statistics are the file's own where it holds them. Throws UNSUPPORTED for others.
[[nodiscard]] VideoVaeConfig video_vae_config_of(const weights::Checkpoint& file);

}  // namespace zt::minimax_h3
