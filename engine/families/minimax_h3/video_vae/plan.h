// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How the video autoencoder cuts: clips in time, tiles in space, both part of what was trained (a tile's own extent
// decides its positions), and what that needs in memory. Arithmetic only, torch-free.
#pragma once

#include <cstdint>
#include <vector>

#include "families/minimax_h3/video_vae/config.h"

namespace zt::minimax_h3 {

inline constexpr int64_t kTileSize = 256, kTileOverlap = 64;  // pixels; the overlap at least
inline constexpr int64_t kMostResnets = 4;                    // of a level of the encoder, which names are made for

// A video of 5 n + 2 latents is n clips of 7, each 5 behind the one before: 28 frames, of which the first 3 are before
// the clip's time, 17 are its own and 3 more are dropped; its last 5 fade into the next clip's first.
struct ClipPlan {
    int64_t step = 0, overlap = 0;          // latents from one clip to the next, and those that two share
    int64_t latents = 0, decoded = 0;       // of a clip: latents, and frames that they make
    int64_t before = 0, own = 0, fade = 0;  // frames: in front of the own ones, the own ones, those of the cross-fade
    int64_t tail = 0;                       // where the frames of the cross-fade begin
    explicit ClipPlan(const VideoVaeConfig& config);

    // 17 n + 5 of 5 n + 2. Throws ARGUMENT for another count, naming the nearest.
    [[nodiscard]] int64_t clips(int64_t all_latents) const;
    [[nodiscard]] int64_t frames(int64_t all_latents) const { return clips(all_latents) * own + fade; }
    // 5 n + 2 of 17 n + 5. Throws ARGUMENT for another count, naming the nearest.
    [[nodiscard]] int64_t latents_of(int64_t all_frames) const;
};

// Tiles along one axis, all of one length.
struct TileAxis {
    int64_t length = 0;
    std::vector<int64_t> starts, overlaps;  // overlaps: of each tile but the first with the one before it
    [[nodiscard]] int64_t count() const { return static_cast<int64_t>(starts.size()); }
};
// pixels: a multiple of `step`, the size of a latent, which divides the overlap. All results are multiples of it.
[[nodiscard]] TileAxis tile_axis(int64_t pixels, int64_t step);

// How many tiles are computed together where there are many: what a matrix product wants to be efficient, no more.
[[nodiscard]] int64_t tiles_at_once(const VideoVaeConfig& config, int64_t height, int64_t width, bool on_host);

// Of one decoding: pixels, bytes of a number that products are made of and of one that is kept, tiles together.
struct VideoDecodingSize {
    int64_t height = 0, width = 0;
    int64_t element_bytes = 4, kept_bytes = 4;
    int64_t most_tiles = 1;
};
// Most bytes that decoding holds beside the weights and the latents, whatever the video's length.
[[nodiscard]] uint64_t video_decoding_bytes(const VideoVaeConfig& config, const VideoDecodingSize& size);
// The same of encoding one picture, fp32.
[[nodiscard]] uint64_t video_encoding_bytes(const VideoVaeConfig& config, int64_t height, int64_t width);

}  // namespace zt::minimax_h3
