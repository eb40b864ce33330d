// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See plan.h.
#include "families/minimax_h3/video_vae/plan.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace zt::minimax_h3 {
namespace {

constexpr int64_t kTokensOnHost = 4096, kTokensOnDevice = 16384;  // enough rows for a matrix product at full speed
constexpr int64_t kTokenChunk = 2048;                             // rows of the widest layer at once, see decoder.cpp

uint64_t u(int64_t n) { return n > 0 ? static_cast<uint64_t>(n) : 0; }

int64_t tokens(const VideoVaeConfig& c, int64_t height, int64_t width) {
    const int64_t step = c.spatial_compression();
    const int64_t rows = std::min(height, kTileSize) / step, columns = std::min(width, kTileSize) / step;
    return ClipPlan(c).latents * rows * columns + c.registers + 1;
}

// step n + rest for the whole n >= 1 that comes nearest.
std::string nearest(int64_t got, int64_t step, int64_t rest) {
    const int64_t n = std::max<int64_t>(1, (got - rest + step / 2) / step);
    return std::to_string(step * n + rest);
}

}  // namespace

ClipPlan::ClipPlan(const VideoVaeConfig& c) {
    const int64_t time = c.temporal_compression();
    step = (c.clip_length + time - 1) / time;
    overlap = (step - c.token_drop % step) % step;
    latents = step + overlap;
    decoded = latents * time;
    before = step * time - c.clip_length;
    own = c.clip_length;
    tail = step * time + before;
    fade = overlap * time - before;
}

int64_t ClipPlan::clips(int64_t all_latents) const {
    if (all_latents < latents || (all_latents - overlap) % step != 0)
        refuse(ZT_ERROR_ARGUMENT, "latents",
               std::to_string(step) + " n + " + std::to_string(overlap) + " in time, such as " +
                   nearest(all_latents, step, overlap),
               std::to_string(all_latents));
    return (all_latents - overlap) / step;
}

int64_t ClipPlan::latents_of(int64_t all_frames) const {
    if (all_frames < own + fade || (all_frames - fade) % own != 0)
        refuse(ZT_ERROR_ARGUMENT, "frames",
               std::to_string(own) + " n + " + std::to_string(fade) + ", such as " + nearest(all_frames, own, fade),
               std::to_string(all_frames));
    return (all_frames - fade) / own * step + overlap;
}

TileAxis tile_axis(int64_t pixels, int64_t step) {
    if (pixels <= kTileSize) return {pixels, {0}, {}};
    const auto covered = [](int64_t count) { return kTileSize * count - kTileOverlap * (count - 1); };
    int64_t count = (pixels + kTileSize - 1) / kTileSize;
    while (covered(count) < pixels) count++;
    TileAxis axis{kTileSize, {0}, std::vector<int64_t>(static_cast<size_t>(count - 1), kTileOverlap)};
    // What the tiles cover too much, the overlaps take in turn, a latent at a time.
    for (int64_t i = 0; i < (covered(count) - pixels) / step; i++)
        axis.overlaps[static_cast<size_t>(i % (count - 1))] += step;
    for (const int64_t overlap : axis.overlaps) axis.starts.push_back(axis.starts.back() + kTileSize - overlap);
    return axis;
}

int64_t tiles_at_once(const VideoVaeConfig& c, int64_t height, int64_t width, bool on_host) {
    const int64_t step = c.spatial_compression();
    const int64_t all = tile_axis(height, step).count() * tile_axis(width, step).count();
    return std::clamp<int64_t>((on_host ? kTokensOnHost : kTokensOnDevice) / tokens(c, height, width), 1, all);
}

uint64_t video_decoding_bytes(const VideoVaeConfig& c, const VideoDecodingSize& size) {
    const ClipPlan plan(c);
    const uint64_t each = u(size.element_bytes), tiles = u(size.most_tiles);
    const uint64_t rows = u(tokens(c, size.height, size.width)), all = rows * tiles;
    const uint64_t tile = 3 * u(std::min(size.height, kTileSize)) * u(std::min(size.width, kTileSize)) * 4;
    // In a block: the residual stream and its normed copy; and of attention, one tile at a time, queries, keys and
    // values twice, the result and its projection, or of the gated unit a chunk of rows, both halves, product, result.
    const uint64_t width = u(c.width()), hidden = u(c.ffn_width());
    const uint64_t attention = rows * width * 8 * each;
    const uint64_t gated = std::min(all, u(kTokenChunk)) * (3 * hidden + width) * each;
    // Matrices that are kept in another type, while they are used.
    const uint64_t matrices = size.kept_bytes == size.element_bytes ? 0 : 3 * width * hidden * each;
    const uint64_t block = all * width * (4 + each) + std::max(attention, gated) + matrices;
    // After the last one: pixels as patches, as frames, and the frames that are kept.
    const uint64_t patches = tiles * tile * (2 * u(plan.decoded) + u(plan.own + plan.fade));
    // Of the picture: the frames of this clip, those of the one before that are still held, those that fade, and the
    // last rows of the tiles above.
    const uint64_t picture = 3 * u(size.height) * u(size.width) * 4, frames = u(plan.own + plan.fade);
    const uint64_t above = size.height > kTileSize ? picture / u(size.height) * u(kTileSize) * frames : 0;
    return picture * (2 * frames + 2 * u(plan.fade)) + above + std::max(block, patches);
}

uint64_t video_encoding_bytes(const VideoVaeConfig& c, int64_t height, int64_t width) {
    // The widest level of one tile: what comes in, what is made, its normed and padded copies; and the picture.
    uint64_t widest = 0, area = u(std::min(height, kTileSize)) * u(std::min(width, kTileSize));
    for (size_t i = 0; i < c.block_out.size(); i++) {
        widest = std::max(widest, u(c.block_out[i]) * area);
        area /= u(c.space_down[i] * c.space_down[i]);
    }
    return 6 * widest * 4 + 3 * 3 * u(height) * u(width) * 4;
}

}  // namespace zt::minimax_h3
