// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward pass of the refiner. Its states are the same at every step, so what precedes the first gate
// is computed once.
#include "families/hunyuan_video/transformer/refiner.h"

#include "nn/sinusoid.h"

#include <algorithm>

namespace zt::hunyuan_video {
namespace {

constexpr double kEpsilon = 1e-6;
constexpr int64_t kRatio = 4;  // of the feed-forward part; independent of mlp_ratio

at::Tensor normed(const nn::Norm& norm, const at::Tensor& y) {
    return at::layer_norm(y, {y.size(-1)}, norm.weight, norm.bias, kEpsilon);
}

// y [steps, L, h] -> [steps, L, h]
at::Tensor attend(const RefinerBlock& block, const at::Tensor& y, int64_t heads) {
    const int64_t n = y.size(0), tokens = y.size(1), h = y.size(2);
    const at::Tensor qkv =
        nn::forward(block.qkv, normed(block.norm1, y)).view({n, tokens, 3, heads, h / heads}).permute({2, 0, 3, 1, 4});
    const at::Tensor o = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);  // [steps, heads, L, dim]
    return nn::forward(block.project, o.transpose(1, 2).reshape({n, tokens, h}));
}

}  // namespace

Refiner make_refiner(const TransformerConfig& config) {
    const int64_t h = config.width();
    Refiner net;
    net.heads = config.heads;
    net.input = nn::make_packed_linear(config.text_dim, h);
    net.time = make_mlp(256, h, h);
    net.mean = make_mlp(config.text_dim, h, h);
    for (int64_t i = 0; i < config.refiner_layers; i++)
        net.blocks.push_back({nn::make_norm(h), nn::make_norm(h), nn::make_packed_linear(h, 3 * h),
                              nn::make_packed_linear(h, h), nn::make_packed_linear(h, kRatio * h),
                              nn::make_packed_linear(kRatio * h, h), nn::make_packed_linear(h, 2 * h)});
    return net;
}

at::Tensor refine(const Refiner& net, const at::Tensor& states, std::span<const float> t, int64_t chunk,
                  const Cancel& cancel) {
    const at::ScalarType type = states.scalar_type();
    const int64_t tokens = states.size(0), steps = static_cast<int64_t>(t.size());
    const at::Tensor mean = states.to(at::kFloat).sum(0, true) / static_cast<double>(tokens);  // [1, text_dim]
    const at::Tensor levels =
        at::from_blob(const_cast<float*>(t.data()), {steps}, at::kFloat).to(states.device(), at::kFloat, false, true);
    const at::Tensor c = at::silu(forward(net.time, nn::sinusoid(levels, kLevelFeatures).to(type)) +
                                  forward(net.mean, mean.to(type)));       // [steps, h]
    const at::Tensor start = nn::forward(net.input, states).unsqueeze(0);  // [1, L, h]

    std::vector<RefinerBlock> blocks;
    std::vector<at::Tensor> gates;  // [steps, 2 h] each
    for (const RefinerBlock& b : net.blocks) {
        blocks.push_back({b.norm1,
                          b.norm2,
                          b.qkv.decoded(type),
                          b.project.decoded(type),
                          b.fc1.decoded(type),
                          b.fc2.decoded(type),
                          {}});
        gates.push_back(nn::forward(b.gates, c));
    }
    const at::Tensor first = blocks.empty() ? at::Tensor() : attend(blocks[0], start, net.heads);  // [1, L, h]

    at::Tensor text = at::empty({steps, tokens, start.size(2)}, states.options());
    const int64_t group = std::max<int64_t>(1, chunk / tokens);
    for (int64_t step = 0; step < steps; step += group) {
        const int64_t n = std::min(group, steps - step);
        at::Tensor y = start;
        for (size_t i = 0; i < blocks.size(); i++) {
            cancel.poll();
            const RefinerBlock& block = blocks[i];
            const std::vector<at::Tensor> gate =
                gates[i].narrow(0, step, n).unsqueeze(1).chunk(2, 2);  // [n, 1, h] each
            y = y + (i == 0 ? first : attend(block, y, net.heads)) * gate[0];
            y = y + nn::forward(block.fc2, at::silu(nn::forward(block.fc1, normed(block.norm2, y)))) * gate[1];
        }
        text.narrow(0, step, n).copy_(y);
    }
    return text;
}

}  // namespace zt::hunyuan_video
