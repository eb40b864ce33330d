// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See sampler.h.
#include "families/hunyuan_video/transformer/sampler.h"

#include <string>

#include "core/error.h"
#include "sample/noise.h"

namespace zt::hunyuan_video {
namespace {

constexpr float kNoiseShare = 0.999F;  // of the first latents of an image to video model

}  // namespace

const std::vector<SamplerName>& sampler_names() {
    static const std::vector<SamplerName> names{
        {SamplerMode::kDiffusers, "diffusers",
         "latents take the type of the transformer after every step, as in the Python pipeline"},
        {SamplerMode::kOriginal, "original",
         "latents and levels stay fp32, as in the code the model was published with"}};
    return names;
}

SamplerMode sampler_mode(std::string_view name) {
    for (const SamplerName& known : sampler_names())
        if (known.name == name) return known.mode;
    throw Error(ZT_ERROR_ARGUMENT, "sampler: expected diffusers or original, got " + std::string(name));
}

sample::Levels make_schedule(SamplerMode mode, int64_t steps, double shift, at::ScalarType type, Kind kind) {
    sample::Levels levels = sample::make_levels(mode == SamplerMode::kDiffusers ? "euler" : "euler-fp32", steps, shift);
    // t takes the type of the latents it goes with: from step 1 on that of the transformer, unless an fp32 image latent
    // was joined to them.
    if (mode == SamplerMode::kDiffusers && kind != Kind::kTokenReplace && type == at::kBFloat16)
        for (size_t i = 1; i < levels.t.size(); i++) levels.t[i] = static_cast<float>(c10::BFloat16(levels.t[i]));
    return levels;
}

at::Tensor make_noise(int64_t seed, at::IntArrayRef sizes, SamplerMode mode, at::Device device) {
    at::Tensor noise = sample::Noise(seed).draw(sizes);
    if (mode == SamplerMode::kOriginal) noise = noise.to(at::kHalf).to(at::kFloat);
    return noise.to(device);
}

at::Tensor denoise(const Sampling& sampling, const sample::Levels& levels, const at::Tensor& noise,
                   const at::Tensor& image, const VelocityFn& velocity,
                   const std::function<void(int64_t, int64_t)>& step, const Cancel& cancel) {
    const Kind kind = sampling.kind;
    at::Tensor latents = noise, image_channels;
    if (kind != Kind::kTextToVideo && (sampling.image_in_noise || sampling.mode == SamplerMode::kDiffusers))
        latents = noise * kNoiseShare + image * (1.0F - kNoiseShare);
    if (kind == Kind::kLatentConcat) {
        // The image and a mask, both zero behind the first frame.
        image_channels = at::zeros({noise.size(0) + 1, noise.size(1), noise.size(2), noise.size(3)}, noise.options());
        image_channels.narrow(1, 0, 1).narrow(0, 0, noise.size(0)).copy_(image);
        image_channels.narrow(1, 0, 1).narrow(0, noise.size(0), 1).fill_(1.0);
    }
    const auto solver = sample::make_solver(
        "euler", levels, sampling.mode == SamplerMode::kOriginal ? sample::Rounding::kFp32 : sample::Rounding::kModel);
    const sample::Loop loop{levels, *solver, [&](int64_t) { return sampling.cfg; }, step};
    switch (kind) {
        case Kind::kTextToVideo: return sample::denoise(loop, latents, velocity, cancel);
        case Kind::kLatentConcat:
            return sample::denoise(
                loop, latents,
                [&](const at::Tensor& x, int64_t i, bool negative) {
                    return velocity(at::cat({x, image_channels}, 0), i, negative);
                },
                cancel);
        case Kind::kTokenReplace: {  // the frame of the image is known; the others come out of the noise
            const int64_t rest = latents.size(1) - 1;
            const at::Tensor made = sample::denoise(
                loop, latents.narrow(1, 1, rest),
                [&](const at::Tensor& x, int64_t i, bool negative) {
                    return velocity(at::cat({image, x}, 1), i, negative).narrow(1, 1, rest);
                },
                cancel);
            return at::cat({image, made}, 1);
        }
    }
    throw Error(ZT_ERROR_INTERNAL, "sampler: expected a kind of model, got another");
}

}  // namespace zt::hunyuan_video
