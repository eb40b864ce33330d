// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The denoise loop: flow-matching Euler steps with the types of a named reference, true classifier-
// free guidance and the rules of the three kinds of model. It knows the network only as a function.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string_view>
#include <vector>

#include "core/cancel.h"
#include "families/hunyuan_video/config.h"

namespace zt::hunyuan_video {

// Whose rounding the loop has. In fp32 they differ in the last bit of the levels only.
enum class SamplerMode : uint8_t {
    kDiffusers,   // latents take the transformer's type between steps, and so does t after step 0
    kOriginal     // noise rounded to fp16, then latents and t in fp32 throughout
};

struct SamplerName {
    SamplerMode mode;
    std::string_view name, description;
};
[[nodiscard]] const std::vector<SamplerName>& sampler_names();
// Throws zt::Error(ARGUMENT) for a name that is none.
[[nodiscard]] SamplerMode sampler_mode(std::string_view name);

struct Schedule {
    std::vector<float> sigmas;   // steps + 1, from 1 to 0
    std::vector<float> t;        // steps: what the model is told, 1000 sigma in the type of the mode
};
// type: that of the transformer. sigma_i = s u_i / (1 + (s - 1) u_i), u_i = 1 - i / steps, in fp32.
[[nodiscard]] Schedule make_schedule(SamplerMode mode, int64_t steps, double shift, at::ScalarType type, Kind kind);

struct Sampling {
    SamplerMode mode = SamplerMode::kDiffusers;
    Kind kind = Kind::kTextToVideo;
    at::ScalarType type = at::kFloat;   // of the transformer
    double cfg = 1.0;                   // true guidance: v_neg + cfg (v_pos - v_neg); 1 = one pass
    // Image to video: start from 0.999 noise + 0.001 image (diffusers always, the original with --i2v-stability).
    bool image_in_noise = true;
};

// fp32 noise [channels, frames, height, width] of a seed, on `device`.
[[nodiscard]] at::Tensor make_noise(int64_t seed, at::IntArrayRef sizes, SamplerMode mode, at::Device device);

// The network: input [in_channels, T, H, W] at a step, with the prompt or (negative) the one to stay
// away from -> velocity [out_channels, T, H, W] in the type of the transformer.
using VelocityFn = std::function<at::Tensor(const at::Tensor& input, int64_t step, bool negative)>;

// noise [channels, T, H, W] from make_noise; image [channels, 1, H, W], the scaled latent of the
// first frame, undefined for text to video. step(i, n) is told before step i and at the end (n, n).
// Returns clean latents [channels, T, H, W], fp32. Nothing waits for a device; cancel is polled once
// per step here and inside the network.
[[nodiscard]] at::Tensor denoise(const Sampling& sampling, const Schedule& schedule, const at::Tensor& noise, const at::Tensor& image,
                                 const VelocityFn& velocity, const std::function<void(int64_t, int64_t)>& step, const Cancel& cancel);

}  // namespace zt::hunyuan_video
