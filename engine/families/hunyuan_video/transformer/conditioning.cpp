// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The conditioning vector and its modulations; order of sums and roundings as in the reference.
#include "families/hunyuan_video/transformer/conditioning.h"

#include "nn/sinusoid.h"

namespace zt::hunyuan_video {
namespace {

at::Tensor level_features(std::span<const float> t, const at::Tensor& like) {
    const at::Tensor levels = at::from_blob(const_cast<float*>(t.data()), {static_cast<int64_t>(t.size())}, at::kFloat);
    return nn::sinusoid(levels.to(like.device(), at::kFloat, false, true), kLevelFeatures).to(like.scalar_type());
}

}  // namespace

Mlp make_mlp(int64_t in, int64_t hidden, int64_t out) {
    return {nn::make_packed_linear(in, hidden), nn::make_packed_linear(hidden, out)};
}

at::Tensor forward(const Mlp& mlp, const at::Tensor& x) {
    return nn::forward(mlp.out, at::silu(nn::forward(mlp.in, x)));
}

float guidance_input(double guidance, at::ScalarType type) {
    if (type != at::kBFloat16) return static_cast<float>(guidance) * 1000.0F;
    return static_cast<float>(c10::BFloat16(static_cast<float>(c10::BFloat16(static_cast<float>(guidance))) * 1000.0F));
}

Conditioner make_conditioner(const TransformerConfig& config) {
    const int64_t h = config.width();
    Conditioner net;
    net.time = make_mlp(kLevelFeatures, h, h);
    net.pooled = make_mlp(config.pooled_dim, h, h);
    if (config.guidance_embeds) net.guidance = make_mlp(kLevelFeatures, h, h);
    for (int64_t i = 0; i < config.layers; i++) {
        net.image_mod.push_back(nn::make_packed_linear(h, 6 * h));
        net.text_mod.push_back(nn::make_packed_linear(h, 6 * h));
    }
    for (int64_t i = 0; i < config.single_layers; i++) net.single_mod.push_back(nn::make_packed_linear(h, 3 * h));
    net.final_mod = nn::make_packed_linear(h, 2 * h);
    return net;
}

Vectors condition(const TransformerConfig& config, const Conditioner& net, const at::Tensor& pooled,
                  std::span<const float> t, float guidance) {
    const at::Tensor text = forward(net.pooled, pooled.unsqueeze(0));  // [1, h]
    Vectors vectors;
    vectors.steps = forward(net.time, level_features(t, pooled));  // [steps, h]
    if (config.guidance_embeds)
        vectors.steps = vectors.steps + forward(net.guidance, level_features({&guidance, 1}, pooled));
    vectors.steps = vectors.steps + text;
    if (config.kind == Kind::kTokenReplace) {
        const float zero = 0;
        vectors.clean = forward(net.time, level_features({&zero, 1}, pooled)) + text;
    }
    return vectors;
}

Modulation modulate(const Conditioner& net, const Vectors& vectors) {
    const at::Tensor steps = at::silu(vectors.steps);
    const at::Tensor with_clean = vectors.clean.defined() ? at::cat({steps, at::silu(vectors.clean)}, 0) : steps;
    Modulation m;
    for (const nn::PackedLinear& layer : net.image_mod) m.image.push_back(nn::forward(layer, with_clean));
    for (const nn::PackedLinear& layer : net.text_mod) m.text.push_back(nn::forward(layer, steps));
    for (const nn::PackedLinear& layer : net.single_mod) m.single.push_back(nn::forward(layer, with_clean));
    m.last = nn::forward(net.final_mod, steps);
    return m;
}

}  // namespace zt::hunyuan_video
