// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See batched_plan.h.
#include "autoencoders/batched_plan.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "core/error.h"
#include "nn/work_bytes.h"

namespace zt::autoencoders::batched {
namespace {

constexpr double kOverlapY = 1.0 / 6, kOverlapX = 1.0 / 5;  // of a tile, as diffusers has them

int64_t pixels_of_tile(int64_t sample) { return sample / 2; }
uint64_t u(int64_t n) { return n > 0 ? static_cast<uint64_t>(n) : 0; }

// Numbers at work and kept of one half on a picture or tile, whose batch has so many latents (decoder) or frames.
struct Count {
    uint64_t most = 0, kept = 0;
    int64_t places, frames;
    void resnet(int64_t in, int64_t out) {
        // What comes in, what is made, three frames normed and one more in the making.
        most = std::max(most, u(frames * places) * u(in + out) + 4 * u(places * std::max(in, out)));
        kept += 2 * u(places) * u(in + out);
    }
};

}  // namespace

Batch batch_at(bool decodes, int64_t all, int64_t first) {
    const int64_t each = decodes ? 2 : kFrameBatch;
    if (all < each) return {0, all};
    return {first, first == 0 ? each + all % each : each};
}

Tiles tiles(const VaeConfig& c) {
    const int64_t height = pixels_of_tile(c.sample_height) / kSpaceCompression,
                  width = pixels_of_tile(c.sample_width) / kSpaceCompression;
    return {height, width, static_cast<int64_t>(static_cast<double>(height) * (1 - kOverlapY)),
            static_cast<int64_t>(static_cast<double>(width) * (1 - kOverlapX))};
}

bool has_tiles(const VaeConfig& c) {
    const Tiles t = tiles(c);
    using Side = std::tuple<int64_t, int64_t, double, int64_t>;
    for (const auto& [sample, stride, overlap, latents] : {Side(c.sample_height, t.stride_y, kOverlapY, t.height),
                                                           Side(c.sample_width, t.stride_x, kOverlapX, t.width)}) {
        const int64_t pixels = pixels_of_tile(sample);
        const auto blend = static_cast<int64_t>(static_cast<double>(pixels) * overlap),
                   latent_blend = static_cast<int64_t>(static_cast<double>(latents) * overlap);
        if (stride < 1 || stride * kSpaceCompression != pixels - blend || stride != latents - latent_blend ||
            latents * kSpaceCompression != pixels)
            return false;
    }
    return true;
}

void check_tiles(const VaeConfig& c) {
    if (!has_tiles(c))
        throw Error(ZT_ERROR_UNSUPPORTED,
                    "tiling: expected an autoencoder whose tiles meet (sample_height 480, sample_width 720), got one "
                    "of " +
                        std::to_string(c.sample_height) + "x" + std::to_string(c.sample_width));
}

bool is_cut(const VaeConfig& c, int64_t latent_height, int64_t latent_width) {
    const Tiles t = tiles(c);
    return latent_height > t.height || latent_width > t.width;
}

uint64_t coding_bytes(const VaeConfig& c, bool decodes, int64_t latents, int64_t latent_height, int64_t latent_width,
                      int64_t element_bytes, const CodingOptions& options) {
    const bool cut = options.tiled && is_cut(c, latent_height, latent_width);
    const Tiles t = tiles(c);
    const int64_t height = cut ? std::min(t.height, latent_height) : latent_height,
                  width = cut ? std::min(t.width, latent_width) : latent_width;
    // From the latents up; the encoder of a picture is the same the other way round with one frame.
    Count n{0, 0, height * width, decodes ? batch_at(true, latents, 0).count : 1};
    n.kept += 2 * u(n.places * c.latent_channels);
    const int64_t widest = c.channels.back();
    for (int k = 0; k < 2; k++) n.resnet(widest, widest);
    int64_t before = widest;
    for (size_t i = c.channels.size(); i-- > 0;) {
        const int64_t out = c.channels[i];
        for (int64_t k = 0; k < c.layers + 1; k++) n.resnet(k == 0 ? before : out, out);
        before = out;
        if (i == 0) break;
        const bool time = i + 2 >= c.channels.size() && decodes;
        n.places *= 4;
        if (time && n.frames > 1) n.frames = n.frames % 2 == 1 ? 2 * n.frames - 1 : 2 * n.frames;
        n.most = std::max(n.most, u(n.frames * n.places) * u(out) * 5 / 4);
    }
    n.kept += 2 * u(n.places * before);
    const bool keeps = decodes && latents > 3;  // another batch comes
    constexpr int64_t kPixels = kSpaceCompression * kSpaceCompression * 3;
    const int64_t shown = cut ? kTimeCompression * latents + 2 * n.frames : 2 * n.frames;  // frames in fp32
    const uint64_t kernel = 3 * u(widest) * u(widest) * (9 + 9 + 30) * u(element_bytes);
    // A strip, or all of a frame that is small: three frames side by side, the result, their points (nn/winograd.h).
    const uint64_t strip = std::min(u(nn::kStripBytes), 16 * u(n.places) * u(c.channels[1]) * u(element_bytes));
    return n.most * u(element_bytes) + (keeps ? n.kept * (options.half_history ? 2 : u(element_bytes)) : 0) +
           u(shown * latent_height * latent_width * kPixels) * 4 + kernel + strip;
}

}  // namespace zt::autoencoders::batched
