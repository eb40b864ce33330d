// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shapes of MiniMax-H3's audio autoencoder as far as decoding needs them, from the config.json of a diffusers
// folder, from the original metadata.json and config.json, or from a single file. Field names follow the diffusers
// configuration keys; defaults are those of the published one. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zt::weights {
class Checkpoint;
}

namespace zt::minimax_h3 {

struct AudioVaeConfig {
    int64_t latent_channels = 32, latent_dim = 2048, decoder_dim = 1024;
    std::vector<int64_t> rates = {5, 5, 2, 2, 2, 2, 2}, kernels = {9, 9, 4, 4, 4, 4, 4};  // of each stage
    std::vector<int64_t> block_kernels = {3, 7, 11};  // of the blocks of a stage, which are averaged
    std::vector<std::vector<int64_t>> dilations = {{1, 3, 5}, {1, 3, 5}, {1, 3, 5}};
    int64_t sampling_rate = 32'000;
    std::vector<float> mean, std;  // of each latent channel

    [[nodiscard]] int64_t samples_per_latent() const;
    [[nodiscard]] int64_t channels(size_t stage) const;  // that a stage makes
};

// The published one, with its statistics.
[[nodiscard]] AudioVaeConfig published_audio_vae();

// config.json of diffusers. Throws zt::Error(WEIGHTS, UNSUPPORTED) naming the key.
[[nodiscard]] AudioVaeConfig parse_audio_vae_config(std::string_view text, const std::string& name);
// The original's metadata.json (shapes) and config.json (statistics).
[[nodiscard]] AudioVaeConfig parse_original_audio_vae_config(std::string_view metadata,
                                                             const std::string& metadata_name, std::string_view config,
                                                             const std::string& config_name);
// The published one of these shapes; statistics are the file's own where it holds them. Throws UNSUPPORTED for others.
[[nodiscard]] AudioVaeConfig audio_vae_config_of(const weights::Checkpoint& file);

}  // namespace zt::minimax_h3
