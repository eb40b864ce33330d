// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shapes of a causal video autoencoder (diffusers' AutoencoderKLWan), from config.json or from the shapes of a
// single file. Field names follow the diffusers configuration keys. Torch-free.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zt::weights {
class Checkpoint;
}

namespace zt::autoencoders {

// Of two kinds: the residual one has shortcuts about its stages and works on patches of 2x2 pixels.
struct VaeConfig {
    int64_t base_dim = 96, decoder_base_dim = 96, z_dim = 16;
    std::vector<int64_t> dim_mult = {1, 2, 4, 4};
    int64_t num_res_blocks = 2;
    std::array<bool, 3> temporal_downsample = {false, true, true};
    bool is_residual = false;
    int64_t patch_size = 1;
    std::vector<float> mean, std;  // of each latent channel
    [[nodiscard]] int64_t spatial_compression() const { return 8 * patch_size; }
    static constexpr int64_t temporal_compression = 4;
};

// The two that are published, with their statistics, which no single file holds: of Wan 2.1 (and others made from it),
// and the residual one of Wan 2.2's 5B.
[[nodiscard]] VaeConfig plain_vae();
[[nodiscard]] VaeConfig residual_vae();

// config.json; name: of the file, in messages. What it leaves out is that of the published one of its kind. Throws
// zt::Error(WEIGHTS, UNSUPPORTED) naming the key.
[[nodiscard]] VaeConfig parse_vae_config(std::string_view text, const std::string& name);
// The published one of these shapes. Throws UNSUPPORTED where there is none.
[[nodiscard]] VaeConfig vae_config_of(const weights::Checkpoint& file);

}  // namespace zt::autoencoders
