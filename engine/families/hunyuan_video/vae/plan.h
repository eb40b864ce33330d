// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How the VAE cuts a clip: the published tile tables, which latents make which frames, and what a
// tile needs in memory. Arithmetic only, known before any weight is read. Torch-free.
//
// Tiles are part of the result: GroupNorm and attention see one tile, so another table gives other
// pixels. Sizes are in pixels and frames of the clip; one latent stands for 8x8 pixels and 4 frames
// (the first for one frame). A clip is cut in time first, each piece then in space.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "families/hunyuan_video/config.h"

namespace zt::hunyuan_video {

struct Tiling {
    std::string_view name, description;
    bool spatial = true;                     // false: every tile is a whole picture
    int64_t size = 256, stride = 192;        // pixels, both ways; neighbours blend over the rest
    int64_t frames = 16, frame_stride = 12;  // a tile has one frame more
};

// The first is the default: "diffusers" (after enable_tiling), "diffusers-untiled" (as a pipeline
// comes), "original" (Tencent's code), "small" (diffusers with tiles of 128 pixels).
[[nodiscard]] std::span<const Tiling> tilings();
// By name; throws ARGUMENT "tiling: expected one of …, got …".
[[nodiscard]] const Tiling& find_tiling(std::string_view name);

// How much the stages of the decoder enlarge, and those of the encoder shrink, first to last:
// (time, space) = (1, 2), (2, 2), (2, 2), (1, 1) for 8 and 4.
struct VaeLevels {
    explicit VaeLevels(const VaeConfig& config);
    [[nodiscard]] int64_t time(size_t stage) const;
    [[nodiscard]] int64_t space(size_t stage) const;

private:
    size_t stages_, time_stages_, space_stages_;
};

// One piece in time: latents [first, first + count) and the frames that are final once it is made.
struct TemporalTile {
    int64_t first = 0, count = 0;
    int64_t frames = 0;  // it emits; 0 = nothing new, need not be decoded
};

// The tile that begins at latent `first` of a clip of `latents`.
[[nodiscard]] TemporalTile temporal_tile(const Tiling& tiling, const VaeConfig& config, int64_t latents, int64_t first);
// From one tile to the next, in latents; `latents` where the clip is not cut.
[[nodiscard]] int64_t temporal_step(const Tiling& tiling, const VaeConfig& config, int64_t latents);
// How many spatial tiles a picture of height x width latents makes.
[[nodiscard]] int64_t spatial_tiles(const Tiling& tiling, const VaeConfig& config, int64_t height, int64_t width);

// Most bytes that decoding holds at once beside the weights of the file and the latents, for a clip of
// latents x height x width; no longer clip needs more than a temporal tile does.
[[nodiscard]] int64_t decode_bytes(const Tiling& tiling, const VaeConfig& config, int64_t latents, int64_t height,
                                   int64_t width, int64_t element_bytes);

}  // namespace zt::hunyuan_video
