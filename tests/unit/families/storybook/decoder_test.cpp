// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The decoder of layers (families/storybook/decoder.h): what holds for any weights.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "families/storybook/decoder.h"
#include "sample/noise.h"

namespace {

using namespace zt::storybook;

Decoder tiny_decoder() {
    Decoder d = make_decoder({.channels = 4, .widths = {16, 8, 8}, .blocks = {1, 2, 1}});
    zt::sample::Noise noise(1);
    d.visit([&](const std::string& name, at::Tensor& t) {
        EXPECT_TRUE(name.starts_with("decoder.")) << name;
        const double fan_in = t.dim() > 1 ? static_cast<double>(t.numel() / t.size(0)) : 25.0;
        t = noise.draw(t.sizes()) / std::sqrt(fan_in);
    });
    return d;
}

TEST(LayerDecoder, OneLatentBecomesEightByEightPixelsOfSevenChannels) {
    const c10::InferenceMode inference;
    const at::Tensor layers = forward(tiny_decoder(), zt::sample::Noise(2).draw({3, 5, 6, 4}).to(at::kBFloat16));
    EXPECT_EQ(layers.sizes(), (std::vector<int64_t>{3, 40, 48, kLayerChannels}));
    EXPECT_EQ(layers.scalar_type(), at::kFloat);
    EXPECT_TRUE(layers.is_contiguous());
    EXPECT_GE(layers.min().item<float>(), 0.F);
    EXPECT_LE(layers.max().item<float>(), 1.F);
    EXPECT_GT(layers.std().item<float>(), 0.01F);
}

TEST(LayerDecoder, FewerProductsGiveTheSameLayers) {
    const c10::InferenceMode inference;
    Decoder decoder = tiny_decoder();
    const at::Tensor z = zt::sample::Noise(3).draw({1, 6, 7, 4}), plain = forward(decoder, z);
    zt::nn::prepare(decoder);
    EXPECT_LT((forward(decoder, z) - plain).abs().max().item<float>(), 1e-4F);
}

TEST(LayerDecoder, ColumnsOfWrapAroundMakeARing) {
    // With as many columns from the other side as the convolutions reach, a ring turned by one latent is the turned
    // layer.
    const c10::InferenceMode inference;
    const Decoder decoder = tiny_decoder();
    const auto ring = [&](const at::Tensor& z) {
        return forward(decoder, at::cat({z.slice(2, z.size(2) - 6), z, z.slice(2, 0, 6)}, 2))
            .slice(2, 48, 48 + 8 * z.size(2));
    };
    const at::Tensor z = zt::sample::Noise(4).draw({1, 3, 8, 4});
    EXPECT_LT((ring(z.roll(1, 2)) - ring(z).roll(8, 2)).abs().max().item<float>(), 1e-4F);
}

TEST(LayerDecoder, StopsWhenAskedTo) {
    const c10::InferenceMode inference;
    zt::Cancel cancel;
    cancel.request();
    EXPECT_THROW((void)forward(tiny_decoder(), at::zeros({1, 2, 2, 4}), &cancel), zt::Error);
}

TEST(LayerDecoder, NeedsThreeWidths) {
    EXPECT_THROW((void)make_decoder({.channels = 4, .widths = {16, 8}, .blocks = {1, 1}}), c10::Error);
}

}  // namespace
