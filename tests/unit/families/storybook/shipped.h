// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shipped model and clips of it, for the tests of this folder.
#pragma once

#include <c10/core/InferenceMode.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "families/storybook/generation.h"

namespace zt::storybook::shipped {

inline constexpr int kWidth = 256, kHeight = 144;  // half of the native size: quicker

inline std::string folder() {
    const char* models = std::getenv("ZT_TEST_MODELS");
    return std::string(models ? models : "models") + "/storybook";
}

inline std::shared_ptr<const Weights> weights() {
    static const std::shared_ptr<const Weights> loaded = load_weights(folder(), at::kFloat);
    return loaded;
}

inline families::GenerationRequest request(const std::string& prompt, int64_t seed, int64_t frames) {
    families::GenerationRequest r;
    r.width = kWidth, r.height = kHeight, r.rate = {24, 1}, r.frames = frames, r.steps = 1;
    r.first.prompt = prompt, r.first.seed = seed;
    r.log = [](zt_log_level, const std::string&) {};
    return r;
}

// All frames, [frames, 3, height, width].
inline at::Tensor generate(const families::GenerationRequest& request) {
    const c10::InferenceMode inference;
    Generation generation(weights(), request);
    std::vector<at::Tensor> out;
    while (const auto batch = generation.next(request.first, {}, [](const char*, int, int) {}))
        out.push_back(at::from_blob(const_cast<float*>(batch->rgb), {batch->frames, 3, request.height, request.width})
                          .clone()
                          .clamp_(0, 1));
    return at::cat(out);
}
inline at::Tensor generate(const std::string& prompt, int64_t seed, int64_t frames) {
    return generate(request(prompt, seed, frames));
}

inline double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().mean().item<double>(); }

// A frame as hosts give pictures.
inline families::Picture picture(const at::Tensor& frame, zt_image_role role) {
    const at::Tensor bytes = frame.mul(255).round().to(at::kByte).permute({1, 2, 0}).contiguous();
    families::Picture p;
    p.role = role, p.width = static_cast<int>(frame.size(2)), p.height = static_cast<int>(frame.size(1));
    p.rgb = std::make_shared<const std::vector<uint8_t>>(bytes.const_data_ptr<uint8_t>(),
                                                         bytes.const_data_ptr<uint8_t>() + bytes.numel());
    return p;
}

}  // namespace zt::storybook::shipped
