// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A video out of latents, clip by clip: each cut into tiles, the tiles decoded alone and blended where they overlap,
// the clips faded into each other, as the model was trained. Memory does not depend on the video's length.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>

#include "core/cancel.h"
#include "families/minimax_h3/video_vae/decoder.h"
#include "families/minimax_h3/video_vae/plan.h"
#include "ranks/tiles.h"

namespace zt::minimax_h3 {

struct VideoDecoding {
    const Cancel* cancel = nullptr;  // polled per tile and block
    // Told before the first tile and after each: of all clips'.
    std::function<void(int64_t done, int64_t total)> progress = nullptr;
    int64_t most_tiles = 0;  // computed together; 0: as many as pay
};

// How the tiles of a clip are decoded: so many together, and the groups over the ranks of the thread's team, of which
// each has one at least where there are enough tiles.
struct TileGroups {
    int64_t tiles, together;
    ranks::Tiles groups;
};
// most: 0, or as VideoDecoding::most_tiles.
[[nodiscard]] TileGroups tile_groups(const VideoVaeConfig& config, int64_t height, int64_t width, bool on_host,
                                     int64_t most = 0);

// One thread at a time. `decoder` must outlive it; where tile_groups() are spread and none is made here, its weights
// are not used. The groups are spread over a team that the thread is in; next() then says ranks::end_of_shared_work(),
// so that only rank 0 gets frames.
class VideoStream {
public:
    // latents [latent_channels, t, h, w], normalised, on the decoder's device, any float type; t = 5 n + 2. Throws
    // ARGUMENT for latents of another shape.
    VideoStream(const VideoVaeDecoder& decoder, const at::Tensor& latents);

    // Frames that the next call of next() gives: 17, with the last clip 22, 0 at the end. Known without decoding.
    [[nodiscard]] int64_t next_frames() const;
    // Of all calls together: 17 n + 5.
    [[nodiscard]] int64_t total_frames() const;
    // The next frames, [frames, 3, 16 h, 16 w] fp32, 0..1, contiguous; undefined at the end. Throws CANCELLED; the same
    // call may then be made again.
    [[nodiscard]] at::Tensor next(const VideoDecoding& how = {});

private:
    // One clip with its tiles blended: its own frames, then those that fade into the next one. Undefined where another
    // rank lays the tiles down.
    [[nodiscard]] at::Tensor decode_clip(const VideoDecoding& how) const;

    const VideoVaeDecoder& decoder_;
    ClipPlan plan_;
    TileAxis rows_, columns_;
    at::Tensor latents_;        // fp32, not normalised any more
    int64_t clips_, clip_ = 0;  // of all, and the one that is next
    at::Tensor fading_;         // last frames of the clip before, [fade, 3, H, W]
};

// b's first places along an axis become a mixture of a's last and its own: place i of n is a (1 - i / n) + b (i / n).
void blend_into(const at::Tensor& a, const at::Tensor& b, int64_t axis, int64_t n);

// Tiles laid out over a picture, in latents when encoding and pixels when decoding. Each tile is blended first with the
// one above it, then with the one to its left, both as they were made: a corner's left strip does not know the row
// above. make(i, j): a tile [frames, channels, height, width]; asked row by row. Undefined
// where all tiles are.
[[nodiscard]] at::Tensor stitch(const TileAxis& rows, const TileAxis& columns,
                                const std::function<at::Tensor(int64_t i, int64_t j)>& make);

}  // namespace zt::minimax_h3
