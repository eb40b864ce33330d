// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See causal_memory.h.
#include "autoencoders/causal_memory.h"

#include <algorithm>

#include "nn/work_bytes.h"

namespace zt::autoencoders {
namespace {

uint64_t u(int64_t n) { return n > 0 ? static_cast<uint64_t>(n) : 0; }

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
    const int64_t side = v.spatial_compression();
    const uint64_t pixels = u(c.latent_height * side) * u(c.latent_width * side) * 3;
    return history_bytes(v, c) + 4 * frame_bytes(v, c) + u(nn::kStripBytes) + pixels * 4 * 4 * 2;
}

}  // namespace zt::autoencoders
