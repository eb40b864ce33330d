// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How the autoencoder cuts a video: batches of frames and tiles, both part of the result, and what they need in memory.
// Arithmetic only; torch-free.
#pragma once

#include <cstdint>

#include "autoencoders/batched_config.h"

namespace zt::autoencoders::batched {

// Latents (decodes) or frames that go through together: two or eight, the first ones with the rest of the division.
struct Batch {
    int64_t first, count;
};
[[nodiscard]] Batch batch_at(bool decodes, int64_t all, int64_t first);
// Frames that a batch of latents becomes.
[[nodiscard]] constexpr int64_t frames_of_batch(int64_t latents) {
    return latents % 2 == 1 ? kTimeCompression * (latents - 1) + 1 : kTimeCompression * latents;
}

// Tiles in latents; neighbours begin a stride apart and blend over the rest. Whole numbers come out as diffusers' do.
struct Tiles {
    int64_t height, width, stride_y, stride_x;
    [[nodiscard]] int64_t blend_y(int64_t scale) const { return (height - stride_y) * scale; }
    [[nodiscard]] int64_t blend_x(int64_t scale) const { return (width - stride_x) * scale; }
};
[[nodiscard]] Tiles tiles(const VaeConfig& config);
// Whether the kept parts of tiles meet: not those of sizes that no published model has. check_tiles throws UNSUPPORTED
// where they do not.
[[nodiscard]] bool has_tiles(const VaeConfig& config);
void check_tiles(const VaeConfig& config);
// Whether such latents are larger than a tile.
[[nodiscard]] bool is_cut(const VaeConfig& config, int64_t latent_height, int64_t latent_width);

struct CodingOptions {
    bool tiled = false;         // where a side is longer than a tile's
    bool half_history = false;  // what is kept from batch to batch is rounded to fp16
};
// Bytes at work beside the weights: decoding so many latents, or encoding one picture.
[[nodiscard]] uint64_t coding_bytes(const VaeConfig& config, bool decodes, int64_t latents, int64_t latent_height,
                                    int64_t latent_width, int64_t element_bytes, const CodingOptions& options);

}  // namespace zt::autoencoders::batched
