// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See plan.h.
#include "families/minimax_h3/audio_vae/plan.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace zt::minimax_h3 {

int64_t audio_latents(const AudioVaeConfig& c, int64_t frames) {
    constexpr int64_t kMost = int64_t{1} << 32;  // keeps the product far from overflowing
    if (frames < 1 || frames > kMost)
        refuse(ZT_ERROR_ARGUMENT, "frames", "1 to " + std::to_string(kMost), std::to_string(frames));
    // frames / 24 * sampling_rate / samples_per_latent, as whole number and rest.
    const int64_t over = frames * c.sampling_rate, under = kVideoRate * c.samples_per_latent();
    const int64_t whole = over / under, twice = 2 * (over % under);
    return whole + (twice > under || (twice == under && whole % 2 == 1) ? 1 : 0);
}

int64_t first_sample(const AudioVaeConfig& c, int64_t frame) {
    return (2 * frame * c.sampling_rate + kVideoRate) / (2 * kVideoRate);
}

uint64_t audio_decoding_bytes(const AudioVaeConfig& c, int64_t latents, int64_t channels) {
    // Of the widest stage at once: what comes in, the sum of the blocks, of one block its state, what a snake makes and
    // what a convolution makes of it; the others are what LibTorch's convolutions turn their input and result into,
    // with channels in sixteens (measured).
    constexpr uint64_t kAtOnce = 10;
    uint64_t widest = 0, length = 1;
    for (size_t i = 0; i < c.rates.size(); i++) {
        length *= static_cast<uint64_t>(c.rates[i]);
        widest = std::max(widest, length * static_cast<uint64_t>(c.channels(i)));
    }
    const auto kernel =
        static_cast<uint64_t>(c.latent_dim * c.decoder_dim * 7);  // the largest, put in order for a call
    return (kAtOnce * widest * static_cast<uint64_t>(latents) * static_cast<uint64_t>(channels) + kernel) * 4;
}

}  // namespace zt::minimax_h3
