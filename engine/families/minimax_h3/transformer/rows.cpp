// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/minimax_h3/transformer/rows.h"

#include <vector>

namespace zt::minimax_h3 {

namespace {

constexpr int64_t kPatch = TransformerConfig::patch;

}  // namespace

at::Tensor rows_of(const at::Tensor& latents) {
    const int64_t channels = latents.size(0), frames = latents.size(1), height = latents.size(2),
                  width = latents.size(3);
    return latents.reshape({channels, frames, height / kPatch, kPatch, width / kPatch, kPatch})
        .permute({1, 2, 4, 0, 3, 5})
        .reshape({-1, channels * kPatch * kPatch});
}

at::Tensor latents_of(const at::Tensor& rows, const Geometry& g) {
    const int64_t channels = rows.size(1) / (kPatch * kPatch);
    return rows.view({g.frames, g.height / kPatch, g.width / kPatch, channels, kPatch, kPatch})
        .permute({3, 0, 1, 4, 2, 5})
        .reshape({channels, g.frames, g.height, g.width});
}

at::Tensor audio_latents_of(const at::Tensor& rows) {
    return rows.view({kAudioChannels, -1, rows.size(1)}).transpose(1, 2).contiguous();
}

Start draw_start(const TransformerConfig& c, const Geometry& g, sample::Noise& noise,
                 std::span<const at::Tensor> keyframes) {
    Start start;
    std::vector<at::Tensor> mixed;
    for (const at::Tensor& keyframe : keyframes) {
        const at::Tensor drawn = noise.draw({1, c.channels, 1, g.height, g.width})[0];
        mixed.push_back(rows_of(keyframe * kKeyframeTime + drawn * (1.0F - kKeyframeTime)));
    }
    if (!mixed.empty()) start.keyframes = at::cat(mixed);
    start.noise.video = rows_of(noise.draw({1, c.channels, g.frames, g.height, g.width})[0]);
    start.noise.audio = noise.draw({kAudioChannels * g.audio, c.audio_channels});
    return start;
}

}  // namespace zt::minimax_h3
