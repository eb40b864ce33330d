// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward pass of the denoiser.
#include "families/storybook/denoiser.h"

#include "families/storybook/vae.h"
#include "nn/modulate.h"

namespace zt::storybook {
namespace {

constexpr int64_t kPatch = 2, kRows = kLatentHeight / kPatch, kColumns = kLatentWidth / kPatch, kTokens = kRows * kColumns;
constexpr int64_t kLevelFeatures = 64;

// Noise level as cosines and sines, [batch, 64], frequencies 1 .. 1000 in geometric steps.
at::Tensor level_features(const at::Tensor& sigma) {
    const at::Tensor k = at::arange(kLevelFeatures / 2, sigma.options().dtype(at::kFloat)) / static_cast<double>(kLevelFeatures / 2 - 1);
    const at::Tensor angle = sigma.to(at::kFloat).unsqueeze(1) * (k * std::log(1000.0)).exp().unsqueeze(0);
    return at::cat({angle.cos(), angle.sin()}, 1);
}

// Attention of the tokens of each slot among themselves, as plain products: with 144 tokens the
// scores fit the cache, and the fused attention of ATen on CPUs takes several times as long, most
// of all backwards. h: [batch * slots, 9, 16, width]
at::Tensor attend(const DenoiserLayer& layer, const at::Tensor& h, int64_t heads) {
    const int64_t n = h.size(0), width = h.size(3), dim = width / heads;
    const auto by_head = [&](const at::Tensor& t) { return t.reshape({n, kTokens, heads, dim}).transpose(1, 2).reshape({n * heads, kTokens, dim}); };
    const std::vector<at::Tensor> qkv = nn::forward(layer.qkv, h).chunk(3, 3);
    const at::Tensor scores = at::bmm(by_head(qkv[0]) * (1.0 / std::sqrt(static_cast<double>(dim))), by_head(qkv[1]).transpose(1, 2));
    const at::Tensor o = at::bmm(scores.softmax(-1), by_head(qkv[2]));                // [n * head, tokens, dim]
    return nn::forward(layer.project, o.reshape({n, heads, kTokens, dim}).transpose(1, 2).reshape(h.sizes()));
}

// One linear map over the channels of all three slots at each place.
at::Tensor mix_time(const DenoiserLayer& layer, const at::Tensor& h, int64_t batch) {
    const int64_t width = h.size(3);
    const at::Tensor stacked = h.reshape({batch, kSlots, kTokens, width}).transpose(1, 2).reshape({batch, kTokens, kSlots * width});
    return nn::forward(layer.time, stacked).reshape({batch, kTokens, kSlots, width}).transpose(1, 2).reshape(h.sizes());
}

}  // namespace

Denoiser make_denoiser(const DenoiserConfig& c) {
    Denoiser net;
    net.config = c;
    net.text = make_text_encoder(c.text);
    const int64_t patch = kPatch * kPatch * c.channels, w = c.width;
    net.patch_in = nn::make_linear(2 * patch + 1, w);
    net.level1 = nn::make_linear(kLevelFeatures, w);
    net.level2 = nn::make_linear(w, w);
    net.sentence = nn::make_linear(c.text.width, w);
    net.plan = make_plan(c.plan, c.text.width, c.channels);
    net.plan_in = nn::make_linear(kPatch * kPatch * (2 * c.channels + 1), w);
    net.position = at::empty({kSlots, kRows, kColumns, w});
    net.clock_level = at::empty({kClock, w});
    for (int64_t i = 0; i < c.layers; i++) {
        DenoiserLayer layer;
        layer.modulation = nn::make_linear(w, 6 * w);
        if (i % c.attention_every == 0) {
            layer.qkv = nn::make_linear(w, 3 * w);
            layer.project = nn::make_linear(w, w);
        }
        layer.time = nn::make_linear(kSlots * w, kSlots * w);
        layer.conv1 = nn::make_conv(w, w);
        layer.conv2 = nn::make_conv(w, w);
        net.layers.push_back(layer);
    }
    net.last_modulation = nn::make_linear(w, 2 * w);
    net.patch_out = nn::make_linear(w, patch);
    return net;
}

at::Tensor forward(const Denoiser& net, const at::Tensor& noisy, const at::Tensor& context, const at::Tensor& present,
                   const at::Tensor& sigma, const at::Tensor& sentence, const at::Tensor& clock, const Planned& plan, const Cancel* cancel) {
    const at::ScalarType dtype = net.patch_in.weight.scalar_type();
    const int64_t batch = noisy.size(0), n = batch * kSlots;
    const at::Tensor c = at::silu(nn::forward(net.level2, at::silu(nn::forward(net.level1, level_features(sigma).to(dtype)))) +
                                  nn::forward(net.sentence, sentence) + at::embedding(net.clock_level, clock));                               // [batch, width]

    const at::Tensor own = nn::space_to_depth(noisy.to(dtype).flatten(0, 1), kPatch);                 // [n, 9, 16, 4c]
    const at::Tensor before = nn::space_to_depth(context.to(dtype), kPatch);                          // [batch, 9, 16, 4c]
    const at::Tensor flag = present.to(dtype).reshape({batch, 1, 1, 1}).expand({batch, kRows, kColumns, 1});
    const at::Tensor extra = at::cat({before, flag}, 3).unsqueeze(1).expand({batch, kSlots, kRows, kColumns, before.size(3) + 1});
    const at::Tensor planned = nn::forward(net.plan_in, nn::space_to_depth(at::cat({plan.latents, plan.cast}, 3), kPatch)).reshape({batch, kSlots, kRows, kColumns, -1});
    at::Tensor x = nn::forward(net.patch_in, at::cat({own, extra.reshape({n, kRows, kColumns, before.size(3) + 1})}, 3)) + (planned + net.position).flatten(0, 1);

    for (const DenoiserLayer& layer : net.layers) {
        if (cancel) cancel->poll();
        const std::vector<at::Tensor> m = nn::forward(layer.modulation, c).chunk(6, 1);               // each [batch, width]
        at::Tensor h = nn::modulated_norm(x, m[0], m[1]);
        at::Tensor y = mix_time(layer, h, batch);
        if (layer.qkv.weight.defined()) y = y + attend(layer, h, net.config.heads);
        x = nn::gated_add(x, y, m[2]);
        h = nn::modulated_norm(x, m[3], m[4]);
        x = nn::gated_add(x, nn::forward(layer.conv2, at::silu(nn::forward(layer.conv1, h))), m[5]);
    }
    const std::vector<at::Tensor> m = nn::forward(net.last_modulation, c).chunk(2, 1);
    const at::Tensor lacking = nn::depth_to_space(nn::forward(net.patch_out, nn::modulated_norm(x, m[0], m[1])), kPatch);
    return (plan.latents + lacking).reshape(noisy.sizes());
}

}  // namespace zt::storybook
