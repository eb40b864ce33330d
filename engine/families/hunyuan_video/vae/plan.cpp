// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tile tables and their arithmetic. Sources: diffusers autoencoder_kl_hunyuan_video.py (the values of
// the constructor), HunyuanVideo vae/autoencoder_kl_causal_3d.py (sample_size 256, sample_tsize 64,
// overlap a quarter).
#include "families/hunyuan_video/vae/plan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "core/error.h"
#include "nn/work_bytes.h"

namespace zt::hunyuan_video {
namespace {

constexpr std::array<Tiling, 4> kTilings{{
    {"diffusers", "tiles of 256 pixels and 17 frames", true, 256, 192, 16, 12},
    {"diffusers-untiled", "whole pictures, 17 frames at once", false, 256, 192, 16, 12},
    {"original", "tiles of 256 pixels and 65 frames", true, 256, 192, 64, 48},
    {"small", "tiles of 128 pixels and 17 frames", true, 128, 96, 16, 12},
}};

int64_t frames_of(const VaeConfig& config, int64_t latents) { return config.temporal_compression * (latents - 1) + 1; }

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

VaeLevels::VaeLevels(const VaeConfig& config)
    : stages_(config.block_out.size()),
      time_stages_(static_cast<size_t>(std::countr_zero(static_cast<uint64_t>(config.temporal_compression)))),
      space_stages_(static_cast<size_t>(std::countr_zero(static_cast<uint64_t>(config.spatial_compression)))) {}

int64_t VaeLevels::time(size_t stage) const {
    return stage + 1 < stages_ && stage + 1 + time_stages_ >= stages_ ? 2 : 1;
}
int64_t VaeLevels::space(size_t stage) const { return stage < space_stages_ ? 2 : 1; }

std::span<const Tiling> tilings() { return kTilings; }

const Tiling& find_tiling(std::string_view name) {
    for (const Tiling& t : kTilings)
        if (t.name == name) return t;
    std::string names;
    for (const Tiling& t : kTilings) names += (names.empty() ? "" : ", ") + std::string(t.name);
    throw Error(ZT_ERROR_ARGUMENT, "tiling: expected one of " + names + ", got '" + std::string(name) + "'");
}

int64_t temporal_step(const Tiling& tiling, const VaeConfig& config, int64_t latents) {
    const bool cut = latents > tiling.frames / config.temporal_compression;
    return cut ? tiling.frame_stride / config.temporal_compression : latents;
}

TemporalTile temporal_tile(const Tiling& tiling, const VaeConfig& config, int64_t latents, int64_t first) {
    const int64_t step = temporal_step(tiling, config, latents);
    if (step == latents) return {0, latents, frames_of(config, latents)};
    const int64_t count = std::min(tiling.frames / config.temporal_compression + 1, latents - first);
    const int64_t made = frames_of(config, count);
    // Every tile but the first gives up its first frame, which stands for one frame only.
    return {first, count,
            first == 0 ? std::min(made, tiling.frame_stride + 1) : std::min(made - 1, tiling.frame_stride)};
}

int64_t spatial_tiles(const Tiling& tiling, const VaeConfig& config, int64_t height, int64_t width) {
    const int64_t size = tiling.size / config.spatial_compression, stride = tiling.stride / config.spatial_compression;
    if (!tiling.spatial || (height <= size && width <= size)) return 1;
    return ceil_div(height, stride) * ceil_div(width, stride);
}

int64_t decode_bytes(const Tiling& tiling, const VaeConfig& config, int64_t latents, int64_t height, int64_t width,
                     int64_t element_bytes) {
    const int64_t size = tiling.size / config.spatial_compression;
    const bool cut = spatial_tiles(tiling, config, height, width) > 1;
    const int64_t count = temporal_tile(tiling, config, latents, 0).count;
    int64_t t = count, h = cut ? std::min(size, height) : height, w = cut ? std::min(size, width) : width;
    const VaeLevels levels(config);
    int64_t in = config.block_out.back();
    // Two tensors live at a time: a resnet's input and the result of its first convolution, an
    // upsampler's input and output; q, k, v and the sum in the attention. Beside them what one
    // convolution gathered and made, each at most about nn::kGatherBytes.
    const auto chunk = [&](int64_t values) { return 2 * std::min(values, nn::kGatherBytes / element_bytes); };
    int64_t most = 5 * t * h * w * in + chunk(t * h * w * 3 * in), folded = 0;
    for (size_t i = 0; i < config.block_out.size(); i++) {
        const int64_t out = config.block_out[config.block_out.size() - 1 - i];
        const int64_t places = t * h * w;
        most = std::max(most, places * (in + (out > in ? 2 * out : out)) + chunk(places * 3 * in));
        t = (t - 1) * levels.time(i) + 1;
        h *= levels.space(i);
        w *= levels.space(i);
        if (t * h * w > places) most = std::max(most, (places + t * h * w) * out + chunk(t * h * w * out));
        // An upsampler's weights a second time, as prepare() adds them up.
        if (levels.space(i) == 2) folded += (levels.time(i) == 2 ? 64 : 48) * out * out;
        in = out;
    }
    const int64_t frames = frames_of(config, count);
    const int64_t picture =
        config.image_channels * height * width * config.spatial_compression * config.spatial_compression;
    // The merged frames, the strips that the next tiles blend with, the frames handed out in fp32.
    const int64_t merged = cut ? 2 * frames * picture : frames * picture;
    return (most + merged + folded) * element_bytes + frames * picture * 4;
}

}  // namespace zt::hunyuan_video
