// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whole clips through the VAE: cut into tiles (plan.h), each coded alone, blended where they
// overlap, exactly as the reference does, but with only what the next frames need in memory.
//
// StreamingDecoder hands frames out as they become final: 13, then 12 at a time with the diffusers
// tiles. Between calls it holds the last frames of the tile before (4), whatever the clip's length.
#pragma once

#include <functional>

#include "families/hunyuan_video/vae/plan.h"
#include "families/hunyuan_video/vae/vae.h"
#include "ranks/tiles.h"

namespace zt::hunyuan_video {

// Told after each finished tile, and once before the first: of all of this clip's.
using TileProgress = std::function<void(int64_t done, int64_t total)>;

// What the two directions share. The cancel token is polled in every layer; both may be empty.
struct TileRun {
    const Cancel* cancel = nullptr;
    TileProgress progress;
    bool fused = true;  // false: without the CPU kernels (tests)
};

// The tiles in space of a picture of height x width latents, over the ranks of the thread's team.
[[nodiscard]] ranks::Tiles tiles_of(const Tiling& tiling, const VaeConfig& config, int64_t height, int64_t width);

// One thread at a time. `decoder` must outlive it; where tiles_of() the picture are spread and none is made here, its
// weights are not used. Its tiles are spread over a team that the thread is in; next() then says ranks::
// end_of_shared_work(), so that only rank 0 gets frames.
class StreamingDecoder {
public:
    // latents [latent_channels, t, h, w] as the sampler leaves them (any float type and device).
    // skip_frames: so many frames at the beginning are made but not given (4 for latent_concat).
    // Throws ARGUMENT for latents of another shape.
    StreamingDecoder(const VaeDecoder& decoder, const at::Tensor& latents, const Tiling& tiling,
                     int64_t skip_frames = 0);

    // Frames that the next call of next() gives; 0 at the end. Known without decoding.
    [[nodiscard]] int64_t next_frames() const;
    // Of all calls together.
    [[nodiscard]] int64_t total_frames() const;

    // The next frames: [frames, 3, height, width], fp32 on the decoder's device, 0..1, contiguous.
    // Undefined at the end. Throws CANCELLED; the same call may then be made again.
    [[nodiscard]] at::Tensor next(const TileRun& run = {});

private:
    const VaeDecoder& decoder_;
    at::Tensor latents_;  // [latent_channels, t, h, w] in the decoder's type, divided by the scaling factor
    Tiling tiling_;
    int64_t skip_frames_ = 0, skip_left_ = 0;
    int64_t first_ = 0;  // latent the next tile begins with
    at::Tensor tail_;    // last frames of the tile before, raw: [at most the blend, 3, height, width]
};

// pixels [frames, 3, height, width] in -1..1 (any float type), frames = 4k + 1 (1 for a picture),
// height and width multiples of 8 -> the distribution's mean times the scaling factor,
// [latent_channels, (frames - 1) / 4 + 1, height / 8, width / 8] in the encoder's type.
// Throws ARGUMENT for other sizes, CANCELLED.
[[nodiscard]] at::Tensor encode(const VaeEncoder& encoder, const at::Tensor& pixels, const Tiling& tiling,
                                const TileRun& run = {});

}  // namespace zt::hunyuan_video
