// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every operation here is written in the order and type of the reference it is named after.
#include "families/hunyuan_video/transformer/sampler.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "sample/noise.h"

namespace zt::hunyuan_video {
namespace {

constexpr float kNoiseShare = 0.999F;   // of the first latents of an image to video model

float through(float value, at::ScalarType type) {
    return type == at::kBFloat16 ? static_cast<float>(c10::BFloat16(value)) : value;
}

// latents + step v, in the types of the mode.
at::Tensor euler(const Sampling& s, const at::Tensor& latents, const at::Tensor& v, float step) {
    if (s.mode == SamplerMode::kOriginal) return latents + v.to(at::kFloat) * step;
    // Step and product take the type of v (a tensor without axes gives way to one with), the sum is
    // fp32 and then takes the type of v again.
    return (latents + (v.to(at::kFloat) * through(step, s.type)).to(s.type).to(at::kFloat)).to(s.type).to(at::kFloat);
}

// What the network sees.
at::Tensor network_input(Kind kind, const at::Tensor& latents, const at::Tensor& image, const at::Tensor& image_channels) {
    switch (kind) {
        case Kind::kTextToVideo: return latents;
        case Kind::kTokenReplace: return at::cat({image, latents.narrow(1, 1, latents.size(1) - 1)}, 1);
        case Kind::kLatentConcat: return at::cat({latents, image_channels}, 0);
    }
    throw Error(ZT_ERROR_INTERNAL, "sampler: expected a kind of model, got another");
}

}  // namespace

const std::vector<SamplerName>& sampler_names() {
    static const std::vector<SamplerName> names{
        {SamplerMode::kDiffusers, "diffusers", "latents take the type of the transformer after every step, as in the Python pipeline"},
        {SamplerMode::kOriginal, "original", "latents and levels stay fp32, as in the code the model was published with"}};
    return names;
}

SamplerMode sampler_mode(std::string_view name) {
    for (const SamplerName& known : sampler_names())
        if (known.name == name) return known.mode;
    throw Error(ZT_ERROR_ARGUMENT, "sampler: expected diffusers or original, got " + std::string(name));
}

Schedule make_schedule(SamplerMode mode, int64_t steps, double shift, at::ScalarType type, Kind kind) {
    Schedule schedule;
    const float s = static_cast<float>(shift), less = static_cast<float>(shift - 1.0);
    const at::Tensor even = at::linspace(1.0, 0.0, steps + 1, at::TensorOptions().dtype(at::kFloat));
    for (int64_t i = 0; i < steps; i++) {
        // The references make the even levels in fp64 by a product, or in fp32 by LibTorch.
        const float u = mode == SamplerMode::kDiffusers ? static_cast<float>(static_cast<double>(i) * (-1.0 / static_cast<double>(steps)) + 1.0)
                                                        : even.const_data_ptr<float>()[i];
        const float sigma = s * u / (1.0F + less * u), t = sigma * 1000.0F;
        schedule.sigmas.push_back(sigma);
        // t takes the type of the latents it goes with: from step 1 on that of the transformer,
        // unless an fp32 image latent was joined to them.
        const bool rounded = mode == SamplerMode::kDiffusers && i > 0 && kind != Kind::kTokenReplace;
        schedule.t.push_back(rounded ? through(t, type) : t);
    }
    schedule.sigmas.push_back(0.0F);
    return schedule;
}

at::Tensor make_noise(int64_t seed, at::IntArrayRef sizes, SamplerMode mode, at::Device device) {
    at::Tensor noise = sample::Noise(seed).draw(sizes);
    if (mode == SamplerMode::kOriginal) noise = noise.to(at::kHalf).to(at::kFloat);
    return noise.to(device);
}

at::Tensor denoise(const Sampling& sampling, const Schedule& schedule, const at::Tensor& noise, const at::Tensor& image,
                   const VelocityFn& velocity, const std::function<void(int64_t, int64_t)>& step, const Cancel& cancel) {
    const Kind kind = sampling.kind;
    const bool token_replace = kind == Kind::kTokenReplace;
    at::Tensor latents = noise, image_channels;
    if (kind != Kind::kTextToVideo && (sampling.image_in_noise || sampling.mode == SamplerMode::kDiffusers))
        latents = noise * kNoiseShare + image * (1.0F - kNoiseShare);
    if (kind == Kind::kLatentConcat) {
        // The image and a mask, both zero behind the first frame.
        image_channels = at::zeros({noise.size(0) + 1, noise.size(1), noise.size(2), noise.size(3)}, noise.options());
        image_channels.narrow(1, 0, 1).narrow(0, 0, noise.size(0)).copy_(image);
        image_channels.narrow(1, 0, 1).narrow(0, noise.size(0), 1).fill_(1.0);
    }
    const int64_t steps = static_cast<int64_t>(schedule.t.size());
    for (int64_t i = 0; i < steps; i++) {
        cancel.poll();
        step(i, steps);
        const at::Tensor input = network_input(kind, latents, image, image_channels);
        at::Tensor v = velocity(input, i, false);
        if (sampling.cfg > 1.0) {
            const at::Tensor away = velocity(input, i, true);
            v = away + (v - away) * sampling.cfg;
        }
        const float length = schedule.sigmas[static_cast<size_t>(i) + 1] - schedule.sigmas[static_cast<size_t>(i)];
        if (token_replace) {
            const int64_t rest = latents.size(1) - 1;
            latents = at::cat({image, euler(sampling, latents.narrow(1, 1, rest), v.narrow(1, 1, rest), length)}, 1);
        } else {
            latents = euler(sampling, latents, v, length);
        }
    }
    step(steps, steps);
    return latents;
}

}  // namespace zt::hunyuan_video
