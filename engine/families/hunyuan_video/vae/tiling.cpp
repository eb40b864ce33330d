// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tiles in space are merged row by row with strips of the neighbours, tiles in time with the frames
// kept of the one before. Blends run in the tensors' type, as the reference's do.
#include "families/hunyuan_video/vae/tiling.h"

#include <algorithm>
#include <string>
#include <vector>

#include "autoencoders/mosaic.h"
#include "core/error.h"
#include "ranks/team.h"

namespace zt::hunyuan_video {
namespace {

using autoencoders::blend, autoencoders::merge;

// Counts tiles for whoever wants to know.
struct Counter {
    const TileProgress& progress;
    int64_t done = 0, total = 0;
    void start() const {
        if (progress && done == 0) progress(0, total);
    }
    void one() {
        done++;
        if (progress) progress(done, total);
    }
};

// Of a picture of height x width latents.
autoencoders::TileGrid grid_of(const Tiling& tiling, const VaeConfig& config, int64_t height, int64_t width) {
    const int64_t size = tiling.size / config.spatial_compression, stride = tiling.stride / config.spatial_compression;
    return {size, size, stride, stride, height, width};
}

// latents [channels, t, h, w] -> [4 (t - 1) + 1, 3, 8h, 8w]; undefined where another rank lays the tiles down
at::Tensor decode_in_space(const VaeDecoder& decoder, const at::Tensor& latents, const Tiling& tiling,
                           const VaePass& pass, Counter& counter) {
    const int64_t scale = decoder.config.spatial_compression, height = latents.size(2), width = latents.size(3);
    ranks::Tiles tiles = tiles_of(tiling, decoder.config, height, width);
    const int64_t frames = decoder.config.temporal_compression * (latents.size(1) - 1) + 1;
    const auto next = [&](int64_t h, int64_t w, const std::function<at::Tensor(int64_t)>& make) {
        at::Tensor made = tiles.next({frames, decoder.config.image_channels, h * scale, w * scale}, latents.options(),
                                     [&](int64_t tile) { return decode_tile(decoder, make(tile), pass); });
        counter.one();
        return made;
    };
    if (spatial_tiles(tiling, decoder.config, height, width) == 1)
        return next(height, width, [&](int64_t) { return latents; });
    const autoencoders::TileGrid grid = grid_of(tiling, decoder.config, height, width);
    const auto part = [&](int64_t tile) {
        const int64_t i = tile / grid.columns(), j = tile % grid.columns();
        return latents.narrow(2, i * grid.stride_y, grid.height_of(i)).narrow(3, j * grid.stride_x, grid.width_of(j));
    };
    const int64_t overlap = tiling.size - tiling.stride;
    return merge({tiling.stride, tiling.stride, overlap, overlap, height * scale, width * scale},
                 [&](int64_t i, int64_t j) { return next(grid.height_of(i), grid.width_of(j), part); });
}

// pixels [frames, 3, height, width] -> mean [latents, channels, height / 8, width / 8]
at::Tensor encode_in_space(const VaeEncoder& encoder, const at::Tensor& pixels, const Tiling& tiling,
                           const VaePass& pass, Counter& counter) {
    const int64_t scale = encoder.config.spatial_compression, height = pixels.size(2), width = pixels.size(3);
    const auto one = [&](const at::Tensor& part) {
        at::Tensor mean = encode_tile(encoder, part, pass).narrow(1, 0, encoder.config.latent_channels).contiguous();
        counter.one();
        return mean;
    };
    if (!tiling.spatial || (height <= tiling.size && width <= tiling.size)) return one(pixels);
    const int64_t stride = tiling.stride / scale, overlap = (tiling.size - tiling.stride) / scale;
    return merge({stride, stride, overlap, overlap, height / scale, width / scale}, [&](int64_t i, int64_t j) {
        const int64_t y = i * tiling.stride, x = j * tiling.stride;
        return one(
            pixels.narrow(2, y, std::min(tiling.size, height - y)).narrow(3, x, std::min(tiling.size, width - x)));
    });
}

std::string shape_text(const at::Tensor& t) {
    std::string text = "[";
    for (const int64_t n : t.sizes()) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
    return text + "]";
}

}  // namespace

ranks::Tiles tiles_of(const Tiling& tiling, const VaeConfig& config, int64_t height, int64_t width) {
    if (spatial_tiles(tiling, config, height, width) == 1) return ranks::Tiles({height * width});
    return ranks::Tiles(grid_of(tiling, config, height, width).areas());
}

StreamingDecoder::StreamingDecoder(const VaeDecoder& decoder, const at::Tensor& latents, const Tiling& tiling,
                                   int64_t skip_frames)
    : decoder_(decoder), tiling_(tiling), skip_frames_(skip_frames), skip_left_(skip_frames) {
    if (latents.dim() != 4 || latents.size(0) != decoder.config.latent_channels || latents.numel() == 0)
        throw Error(ZT_ERROR_ARGUMENT, "latents: expected [" + std::to_string(decoder.config.latent_channels) +
                                           ", frames, height, width], got " + shape_text(latents));
    latents_ = latents.to(decoder.conv_in.weight.device(), decoder.conv_in.weight.scalar_type()) /
               decoder.config.scaling_factor;
}

int64_t StreamingDecoder::total_frames() const {
    const int64_t frames = decoder_.config.temporal_compression * (latents_.size(1) - 1) + 1;
    return std::max<int64_t>(0, frames - skip_frames_);
}

int64_t StreamingDecoder::next_frames() const {
    const int64_t latents = latents_.size(1), step = temporal_step(tiling_, decoder_.config, latents);
    int64_t skip = skip_left_;
    for (int64_t first = first_; first < latents; first += step) {
        const int64_t frames = temporal_tile(tiling_, decoder_.config, latents, first).frames;
        if (frames > skip) return frames - skip;
        skip -= frames;
    }
    return 0;
}

at::Tensor StreamingDecoder::next(const TileRun& run) {
    const VaeConfig& config = decoder_.config;
    const VaePass pass{config.norm_groups, run.cancel, run.fused};
    const int64_t latents = latents_.size(1), step = temporal_step(tiling_, config, latents);
    const int64_t each = spatial_tiles(tiling_, config, latents_.size(2), latents_.size(3));
    int64_t tiles = 0, before = 0;  // of the whole clip, and made already
    for (int64_t first = 0; first < latents; first += step) {
        if (temporal_tile(tiling_, config, latents, first).frames == 0) continue;
        tiles += each;
        if (first < first_) before += each;
    }
    Counter counter{run.progress, before, tiles};
    while (first_ < latents) {
        const TemporalTile tile = temporal_tile(tiling_, config, latents, first_);
        if (tile.frames == 0) {
            first_ = latents;
            break;
        }
        counter.start();
        at::Tensor frames =
            decode_in_space(decoder_, latents_.narrow(1, tile.first, tile.count), tiling_, pass, counter);
        const int64_t overlap = tiling_.frames - tiling_.frame_stride;
        const bool here = frames.defined();
        if (here && first_ > 0) {
            frames = frames.slice(0, 1);
            blend(tail_, frames, 0, overlap);
        }
        first_ += step;
        tail_ = here && first_ < latents ? frames.slice(0, std::max<int64_t>(0, frames.size(0) - overlap)).clone()
                                         : at::Tensor();
        const int64_t skip = std::min(skip_left_, tile.frames);
        skip_left_ -= skip;
        if (skip == tile.frames) continue;
        ranks::end_of_shared_work(next_frames() > 0);
        // In the tensors' type first, as the reference's image processor does.
        return frames.slice(0, skip, tile.frames).mul_(0.5).add_(0.5).clamp_(0.0, 1.0).to(at::kFloat).contiguous();
    }
    return {};
}

at::Tensor encode(const VaeEncoder& encoder, const at::Tensor& pixels, const Tiling& tiling, const TileRun& run) {
    const VaeConfig& config = encoder.config;
    const int64_t space = config.spatial_compression, time = config.temporal_compression;
    if (pixels.dim() != 4 || pixels.size(1) != config.image_channels || pixels.numel() == 0 ||
        pixels.size(0) % time != 1 % time || pixels.size(2) % space != 0 || pixels.size(3) % space != 0)
        throw Error(ZT_ERROR_ARGUMENT, "picture: expected [" + std::to_string(time) + "k + 1 frames, " +
                                           std::to_string(config.image_channels) + ", height, width] in multiples of " +
                                           std::to_string(space) + ", got " + shape_text(pixels));
    const at::Tensor x = pixels.to(encoder.conv_in.weight.device(), encoder.conv_in.weight.scalar_type());
    const VaePass pass{config.norm_groups, run.cancel, run.fused};
    const int64_t frames = x.size(0), height = x.size(2), width = x.size(3);
    const bool cut = frames > tiling.frames;
    const int64_t step = cut ? tiling.frame_stride : frames, length = cut ? tiling.frames + 1 : frames;
    const auto tiles_along = [&](int64_t n) { return (n + tiling.stride - 1) / tiling.stride; };
    const bool whole = !tiling.spatial || (height <= tiling.size && width <= tiling.size);
    const int64_t each = whole ? 1 : tiles_along(height) * tiles_along(width);
    // A tile of a single frame behind the first would only give up its only latent.
    const int64_t tiles = cut ? (frames - 1 + step - 1) / step : 1;
    Counter counter{run.progress, 0, tiles * each};
    counter.start();
    std::vector<at::Tensor> parts;
    at::Tensor tail;
    for (int64_t i = 0; i < tiles; i++) {
        const int64_t first = i * step, overlap = (tiling.frames - tiling.frame_stride) / time;
        at::Tensor mean =
            encode_in_space(encoder, x.narrow(0, first, std::min(length, frames - first)), tiling, pass, counter);
        if (i > 0) {
            mean = mean.slice(0, 1);
            blend(tail, mean, 0, overlap);
        }
        tail = mean.slice(0, std::max<int64_t>(0, mean.size(0) - overlap));
        parts.push_back(cut ? mean.slice(0, 0, tiling.frame_stride / time + (i == 0 ? 1 : 0)) : mean);
    }
    // [latents, channels, h, w] -> [channels, latents, h, w]
    return at::cat(parts).permute({1, 0, 2, 3}).contiguous() * config.scaling_factor;
}

}  // namespace zt::hunyuan_video
