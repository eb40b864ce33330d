// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shapes of a causal autoencoder of videos that works in batches of frames (diffusers' AutoencoderKLCogVideoX),
// from config.json or from the shapes of a single file. Field names follow the diffusers configuration keys.
// Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zt::weights {
class Checkpoint;
}

namespace zt::autoencoders::batched {

inline constexpr int64_t kTimeCompression = 4, kSpaceCompression = 8;
inline constexpr int64_t kFrameBatch =
    8;  // frames that go through together, and the first with the rest of the division

struct VaeConfig {
    std::vector<int64_t> channels = {128, 256, 256, 512};
    int64_t layers = 3, latent_channels = 16, groups = 32;
    int64_t sample_height = 480, sample_width = 720;  // of which half is a tile
    double scaling_factor = 0.7;
    bool invert_scale_latents = false;  // a picture's latents are divided by it
};

// config.json; name: of the file, in messages. Throws zt::Error(WEIGHTS, UNSUPPORTED) naming the key.
[[nodiscard]] VaeConfig parse_vae_config(std::string_view text, const std::string& name);
// From names and shapes, which do not tell scaling_factor and invert_scale_latents.
[[nodiscard]] VaeConfig vae_config_of(const weights::Checkpoint& file);

}  // namespace zt::autoencoders::batched
