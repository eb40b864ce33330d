// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward pass of one CLIP layer.
#include "encoders/clip.h"

#include <cmath>

namespace zt::encoders {

ClipLayer make_clip_layer(const ClipConfig& c) {
    const auto square = [&] { return nn::make_packed_linear(c.hidden, c.hidden); };
    return {nn::make_norm(c.hidden),
            nn::make_norm(c.hidden),
            square(),
            square(),
            square(),
            square(),
            nn::make_packed_linear(c.hidden, c.intermediate),
            nn::make_packed_linear(c.intermediate, c.hidden)};
}

at::Tensor normalize(const ClipConfig& config, const nn::Norm& norm, const at::Tensor& x) {
    return at::layer_norm(x, {x.size(-1)}, norm.weight.to(x.scalar_type()), norm.bias.to(x.scalar_type()),
                          config.norm_eps);
}

at::Tensor forward(const ClipConfig& config, const ClipLayer& layer, const at::Tensor& x, bool causal) {
    const int64_t n = x.size(0), d = config.hidden / config.heads;
    const auto split = [&](const nn::PackedLinear& projection, const at::Tensor& t) {
        return nn::forward(projection, t).view({1, n, config.heads, d}).transpose(1, 2);
    };
    const at::Tensor normed = normalize(config, layer.norm1, x);
    const at::Tensor q = split(layer.q, normed), k = split(layer.k, normed), v = split(layer.v, normed);
    const double scale = 1.0 / std::sqrt(static_cast<double>(d));
    const at::Tensor seen = at::scaled_dot_product_attention(q, k, v, {}, 0.0, causal, scale);
    const at::Tensor y = x + nn::forward(layer.out, seen.transpose(1, 2).reshape({n, config.hidden}));
    const at::Tensor wide = nn::forward(layer.fc1, normalize(config, layer.norm2, y));
    return y + nn::forward(layer.fc2, config.quick_gelu ? wide * at::sigmoid(wide * 1.702) : at::gelu(wide));
}

}  // namespace zt::encoders
