// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What HunyuanVideo asks of the denoise loop (sample/loop.h): levels and types of a named reference, and the rules of
// the three kinds of model.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string_view>
#include <vector>

#include "core/cancel.h"
#include "families/hunyuan_video/config.h"
#include "sample/loop.h"

namespace zt::hunyuan_video {

// Whose rounding the loop has. In fp32 they differ in the last bit of the levels only.
enum class SamplerMode : uint8_t {
    kDiffusers,  // latents take the transformer's type between steps, and so does t after step 0
    kOriginal    // noise rounded to fp16, then latents and t in fp32 throughout
};

struct SamplerName {
    SamplerMode mode;
    std::string_view name, description;
};
[[nodiscard]] const std::vector<SamplerName>& sampler_names();
// Throws zt::Error(ARGUMENT) for a name that is none.
[[nodiscard]] SamplerMode sampler_mode(std::string_view name);

// type: that of the transformer. t takes the type of the mode.
[[nodiscard]] sample::Levels make_schedule(SamplerMode mode, int64_t steps, double shift, at::ScalarType type,
                                           Kind kind);

struct Sampling {
    SamplerMode mode = SamplerMode::kDiffusers;
    Kind kind = Kind::kTextToVideo;
    double cfg = 1.0;  // true guidance: v_neg + cfg (v_pos - v_neg); 1 = one pass
    // Image to video: start from 0.999 noise + 0.001 image (diffusers always, the original with --i2v-stability).
    bool image_in_noise = true;
};

// fp32 noise [channels, frames, height, width] of a seed, on `device`.
[[nodiscard]] at::Tensor make_noise(int64_t seed, at::IntArrayRef sizes, SamplerMode mode, at::Device device);

// The network: input [in_channels, T, H, W] -> velocity [out_channels, T, H, W] in the type of the transformer.
using sample::VelocityFn;

// noise [channels, T, H, W] from make_noise; image [channels, 1, H, W], the scaled latent of the
// first frame, undefined for text to video. step(i, n) is told before step i and at the end (n, n).
// Returns clean latents [channels, T, H, W], fp32.
[[nodiscard]] at::Tensor denoise(const Sampling& sampling, const sample::Levels& levels, const at::Tensor& noise,
                                 const at::Tensor& image, const VelocityFn& velocity,
                                 const std::function<void(int64_t, int64_t)>& step, const Cancel& cancel);

}  // namespace zt::hunyuan_video
