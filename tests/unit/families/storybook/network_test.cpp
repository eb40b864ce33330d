// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Properties of the networks that hold for any weights (families/storybook): tiny random ones do.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "families/storybook/denoiser.h"
#include "families/storybook/vae.h"
#include "sample/noise.h"

namespace {

using namespace zt::storybook;

template <class Model>
void fill(Model& model, int64_t seed) {
    zt::sample::Noise noise(seed);
    model.visit([&](const std::string& name, at::Tensor& t) {
        if (name.starts_with("latent_")) return;
        const double fan_in = t.dim() > 1 ? static_cast<double>(t.numel() / t.size(0)) : 25.0;
        t = noise.draw(t.sizes()) / std::sqrt(fan_in);
    });
}

Vae tiny_vae() {
    VaeConfig c;
    c.channels = 4, c.encoder = {8, 16}, c.decoder = {16, 8, 8};
    Vae vae = make_vae(c);
    fill(vae, 1);
    return vae;
}

TEST(Vae, OneGroupBecomesOneLatentAndBack) {
    const c10::InferenceMode inference;
    const Vae vae = tiny_vae();
    const at::Tensor z = encode(vae, zt::sample::Noise(2).draw({1, 4, 32, 48, 3}));
    EXPECT_EQ(z.sizes(), (std::vector<int64_t>{1, 4, 6, 4}));
    DecoderState state;
    const at::Tensor frames = decode(vae, z, state);
    EXPECT_EQ(frames.sizes(), (std::vector<int64_t>{4, 3, 32, 48}));
    EXPECT_TRUE(frames.is_contiguous());
}

TEST(Vae, DecoderRemembersThePreviousGroup) {
    const c10::InferenceMode inference;
    const Vae vae = tiny_vae();
    const at::Tensor a = zt::sample::Noise(3).draw({1, 4, 6, 4}), b = zt::sample::Noise(4).draw({1, 4, 6, 4});
    DecoderState fresh, after_a;
    (void)decode(vae, a, after_a);
    const at::Tensor alone = decode(vae, b, fresh), continued = decode(vae, b, after_a);
    EXPECT_GT((alone - continued).abs().max().item<float>(), 1e-3F);
}

TEST(Vae, StreamingIsBatchOfTheSameGroups) {
    // Two clips side by side in a batch, or one after the other: the state never leaks.
    const c10::InferenceMode inference;
    const Vae vae = tiny_vae();
    const at::Tensor clips = zt::sample::Noise(5).draw({2, 3, 4, 6, 4});   // [clip, group, ...]
    DecoderState both;
    std::array<DecoderState, 2> each;
    for (int64_t g = 0; g < 3; g++) {
        const at::Tensor blocks = decode_blocks(vae, clips.select(1, g), both);
        for (int64_t c = 0; c < 2; c++) {
            const at::Tensor one = decode_blocks(vae, clips[c][g].unsqueeze(0), each[static_cast<size_t>(c)]);
            EXPECT_LT((blocks[c] - one[0]).abs().max().item<float>(), 1e-4F);
        }
    }
}

struct Call {
    at::Tensor noisy, context, present, sigma, sentence, clock;
};

Denoiser tiny_denoiser() {
    DenoiserConfig c;
    c.channels = 4, c.width = 16, c.heads = 2, c.layers = 2;
    c.text = {.vocabulary = 5, .width = 8, .heads = 2, .layers = 1, .max_tokens = 6};
    Denoiser net = make_denoiser(c);
    fill(net, 6);
    return net;
}

at::Tensor run(const Denoiser& net, const Call& c) { return forward(net, c.noisy, c.context, c.present, c.sigma, c.sentence, c.clock, forward(net.plan, c.sentence, c.clock)); }

TEST(Denoiser, EveryInputMatters) {
    const c10::InferenceMode inference;
    const Denoiser net = tiny_denoiser();
    zt::sample::Noise noise(7);
    const Call base{noise.draw({1, 3, 18, 32, 4}), noise.draw({1, 18, 32, 4}), at::ones({1}), at::full({1}, 0.5), noise.draw({1, 8}), at::full({1}, 3, at::kLong)};
    const at::Tensor out = run(net, base);
    EXPECT_EQ(out.sizes(), base.noisy.sizes());
    const auto differs = [&](const Call& c) { return (run(net, c) - out).abs().max().item<float>() > 1e-3F; };
    Call c = base;
    c.noisy = noise.draw({1, 3, 18, 32, 4});
    EXPECT_TRUE(differs(c));
    c = base, c.context = at::zeros_like(base.context);
    EXPECT_TRUE(differs(c));
    c = base, c.present = at::zeros({1});
    EXPECT_TRUE(differs(c));
    c = base, c.sigma = at::full({1}, 0.9);
    EXPECT_TRUE(differs(c));
    c = base, c.sentence = noise.draw({1, 8});
    EXPECT_TRUE(differs(c));
    c = base, c.clock = at::full({1}, 4, at::kLong);
    EXPECT_TRUE(differs(c));
    EXPECT_FALSE(differs(base));
}

// A picture at home whose one feature is its own column; what is read at `column` of slot 0 of the path.
at::Tensor moved(Path path, int64_t clock) {
    const at::Tensor home = at::arange(16, at::kFloat).reshape({1, 1, 1, 16, 1}).expand({1, kPaths, 9, 16, 1}).contiguous();
    return move_along(home, at::full({1}, clock, at::kLong)).select(3, path)[0][4];   // a row in the middle: [16]
}

TEST(Denoiser, ThePanIsARingAndTheStrollTurnsRound) {
    const at::Tensor ring = moved(kPan, 5);
    for (int64_t c = 0; c < 16; c++) EXPECT_EQ(ring[c].item<float>(), static_cast<float>((c + 5) % 16));
    EXPECT_TRUE(at::equal(moved(kPan, 0), at::arange(16, at::kFloat)));
    // What stands on columns 7 and 8 at home begins four to the left, arrives four to the right, and comes back mirrored.
    EXPECT_EQ(moved(kStroll, 0)[3].item<float>(), 7);
    EXPECT_EQ(moved(kStroll, 0)[4].item<float>(), 8);
    EXPECT_EQ(moved(kStroll, 7)[10].item<float>(), 7);
    EXPECT_EQ(moved(kStroll, 7)[11].item<float>(), 8);
    EXPECT_EQ(moved(kStroll, 8)[11].item<float>(), 8);
    EXPECT_EQ(moved(kStroll, 8)[12].item<float>(), 7);
    EXPECT_EQ(moved(kStroll, 12)[7].item<float>(), 8);
    EXPECT_EQ(moved(kStroll, 12)[8].item<float>(), 7);
    EXPECT_EQ(moved(kStroll, 0)[14].item<float>(), 0) << "beyond the edge there is nothing";
}

TEST(Denoiser, TheZoomGoesInAndBack) {
    EXPECT_LT((moved(kZoom, 0) - at::arange(16, at::kFloat)).abs().max().item<float>(), 0.05F);
    const at::Tensor near = moved(kZoom, 8);
    EXPECT_NEAR((near[15] - near[0]).item<float>(), 15 / 1.34, 0.02);
    EXPECT_NEAR((near[15] + near[0]).item<float>(), 15, 1e-4);
}

// What the puppets' part of a plan adds, [9, 16, width] of the first slot.
at::Tensor puppets_of(Plan plan, const at::Tensor& sentence) {
    const at::Tensor clock = at::zeros({1}, at::kLong), with = forward(plan, sentence, clock)[0];
    plan.puppet_in.weight = at::zeros_like(plan.puppet_in.weight), plan.puppet_in.bias = at::zeros_like(plan.puppet_in.bias);
    return with - forward(plan, sentence, clock)[0];
}

TEST(Plan, PuppetsAreTheSameAtEveryPlace) {
    Denoiser net = tiny_denoiser();
    Plan& plan = net.plan;
    const int64_t hidden = plan.config.puppet_width, features = plan.config.puppet_features;
    plan.config.zoomed_features = 0;   // what zooms lies between tokens
    plan.shake = {};
    plan.puppet_project = {plan.puppet_project.weight.slice(0, 0, 9 * 8 * features), plan.puppet_project.bias.slice(0, 0, 9 * 8 * features) * 0};
    plan.puppet_gain = {at::zeros({kPlaces * features, 8}), at::zeros({kPlaces * features})};
    plan.puppet_in.weight = plan.puppet_in.weight.slice(1, 0, features);
    plan.puppet_clock = at::zeros_like(plan.puppet_clock);
    plan.puppet_deeper_project.bias = at::zeros_like(plan.puppet_deeper_project.bias);
    plan.puppet_deeper_in.bias = at::zeros_like(plan.puppet_deeper_in.bias);
    const at::Tensor sentence = zt::sample::Noise(9).draw({1, 8}), one = plan.puppet_hidden.weight.slice(0, 0, hidden).clone();
    const at::Tensor silent = plan.puppet_in.bias;
    std::array<at::Tensor, kPlaces> seen;   // with a puppet at one place only, read in its window
    constexpr std::array<int64_t, kPlaces> first{4, 0, 8};
    for (int64_t place = 0; place < kPlaces; place++) {
        plan.puppet_hidden = {at::zeros({kPlaces * hidden, 8}), at::zeros({kPlaces * hidden})};
        plan.puppet_hidden.weight.slice(0, place * hidden, (place + 1) * hidden).copy_(one);
        const at::Tensor all = puppets_of(plan, sentence);
        const auto k = static_cast<size_t>(place);
        seen[k] = all.slice(1, first[k], first[k] + 8);
        EXPECT_GT((seen[k] - silent).abs().max().item<float>(), 0.05F);
        EXPECT_NEAR((all - silent).abs().sum().item<float>(), (seen[k] - silent).abs().sum().item<float>(), 1e-2F) << "nothing outside of the window";
    }
    EXPECT_TRUE(at::allclose(seen[0], seen[1], 1e-4, 1e-4));
    EXPECT_TRUE(at::allclose(seen[0], seen[2], 1e-4, 1e-4));
}

// What the linear map `layer` alone adds to a plan whose still features are all 1, of three slots: [3, 9, 16].
at::Tensor added(Plan plan, zt::nn::Linear Plan::*layer, int64_t clock) {
    plan.project.bias.fill_(1), plan.project.weight.zero_();
    plan.moving_project.bias.fill_(1), plan.moving_project.weight.zero_();
    plan.shake.bias.fill_(1), plan.shake.weight.zero_();
    const at::Tensor sentence = zt::sample::Noise(9).draw({1, 8}), when = at::full({1}, clock, at::kLong), with = forward(plan, sentence, when);
    (plan.*layer).weight = at::zeros_like((plan.*layer).weight), (plan.*layer).bias = at::zeros_like((plan.*layer).bias);
    return (with - forward(plan, sentence, when)).select(3, 0);
}

TEST(Plan, AShakeGoesToOneSideAndThenToTheOther) {
    Plan plan = tiny_denoiser().plan;
    at::Tensor& weight = plan.shake_steer.weight;
    plan.shake_steer.bias.zero_(), weight.zero_();
    weight[0][1] = 1;   // of the first still feature, what alternates
    const at::Tensor even = added(plan, &Plan::shake_steer, 4), odd = added(plan, &Plan::shake_steer, 7);
    EXPECT_LT((even[0] - 1).abs().max().item<float>(), 1e-5F);
    EXPECT_LT((even[1] + 1).abs().max().item<float>(), 1e-5F);
    EXPECT_LT((odd + even).abs().max().item<float>(), 1e-5F);
}

TEST(Plan, AZoomIsSteeredApartFromItsMiddle) {
    Plan plan = tiny_denoiser().plan;
    at::Tensor& weight = plan.zoom_steer.weight;
    plan.zoom_steer.bias.zero_(), weight.zero_();
    weight[0][2] = 1;   // of the first moving feature, the sine of the column's phase
    const at::Tensor near = added(plan, &Plan::zoom_steer, 6)[2];
    EXPECT_LT((near + near.flip({1})).abs().max().item<float>(), 1e-4F) << "to the left of the middle and to the right of it";
    EXPECT_GT(near.abs().max().item<float>(), 0.5F);
}

TEST(TextEncoder, PaddingHasNoEffectAndOrderHas) {
    const c10::InferenceMode inference;
    const Denoiser net = tiny_denoiser();
    const auto ids = [](std::vector<int64_t> v) {
        v.resize(6);
        return at::tensor(v).unsqueeze(0);
    };
    const at::Tensor base = forward(net.text, ids({1, 2, 3}));
    // A batch with a longer sentence beside it: the shorter one reads the same.
    const at::Tensor two = forward(net.text, at::cat({ids({1, 2, 3}), ids({1, 2, 3, 4, 5})}));
    EXPECT_LT((two[0] - base[0]).abs().max().item<float>(), 1e-5F);
    EXPECT_GT((two[1] - base[0]).abs().max().item<float>(), 1e-3F);
    EXPECT_GT((forward(net.text, ids({3, 2, 1})) - base).abs().max().item<float>(), 1e-3F);
    EXPECT_TRUE(forward(net.text, ids({})).isfinite().all().item<bool>());
}

}  // namespace
