// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See causal_memory.h.
#include "autoencoders/causal_memory.h"

#include <algorithm>

#include "nn/work_bytes.h"

namespace zt::autoencoders {
namespace {

uint64_t u(int64_t n) { return n > 0 ? static_cast<uint64_t>(n) : 0; }

// Of one convolution: a strip, or all of a frame that is small, which is three frames side by side and the result with
// their points in Winograd's form; and the largest kernel side by side, turned and at the 30 points (nn/winograd.h).
uint64_t convolution_bytes(const VaeConfig& v, const Coding& c) {
    constexpr uint64_t kFrames = 16;
    const uint64_t widest = u(v.decoder_base_dim * *std::max_element(v.dim_mult.begin(), v.dim_mult.end()));
    const uint64_t kernel = 3 * widest * widest * (9 + 9 + 30) * u(c.element_bytes);
    return std::min(u(nn::kStripBytes), kFrames * frame_bytes(v, c)) + kernel;
}

}  // namespace

uint64_t history_bytes(const VaeConfig& v, const Coding& c) {
    uint64_t values = 0;
    int64_t side = 1, in = v.decoder_base_dim * v.dim_mult.back();
    const auto add = [&](int64_t channels) {
        values += 2 * u(c.latent_height * c.latent_width * side * side) * u(channels);
    };
    add(v.z_dim), add(4 * in);
    for (size_t i = v.dim_mult.size(); i-- > 0;) {
        const int64_t out = v.decoder_base_dim * v.dim_mult[i];
        add(in + out * (2 * (v.num_res_blocks + 1) - 1));
        if (i == 0) {
            add(out);  // of the last convolution
            continue;
        }
        if (v.temporal_downsample[i - 1]) add(out);
        in = v.is_residual ? out : out / 2, side *= 2;
    }
    return values * u(c.history_bytes);
}

uint64_t frame_bytes(const VaeConfig& v, const Coding& c) {
    const int64_t widest = std::max(v.dim_mult[0], v.dim_mult.size() > 1 && v.is_residual ? v.dim_mult[1] : 0);
    const int64_t side = v.spatial_compression() / v.patch_size;
    return u(c.latent_height * side) * u(c.latent_width * side) * u(v.decoder_base_dim * widest) * u(c.element_bytes);
}

uint64_t decoding_bytes(const VaeConfig& v, const Coding& c) {
    // Of a resnet what comes in, what it has made and the copy that is normed; pixels, twice.
    const int64_t side = v.spatial_compression();
    const uint64_t pixels = u(c.latent_height * side) * u(c.latent_width * side) * 3;
    return history_bytes(v, c) + 4 * frame_bytes(v, c) + convolution_bytes(v, c) + pixels * 4 * 4 * 2;
}

}  // namespace zt::autoencoders
