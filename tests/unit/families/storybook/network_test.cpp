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
    c.plan.scenes = 3, c.plan.puppets = {.acts = 3, .looks = 2, .codes = 8, .shade = 8};
    c.text = {.vocabulary = 5, .width = 8, .heads = 2, .layers = 1, .max_tokens = 6};
    Denoiser net = make_denoiser(c);
    fill(net, 6);
    return net;
}

at::Tensor run(const Denoiser& net, const Call& c) { return forward(net, c.noisy, c.context, c.present, c.sigma, c.sentence, c.clock, forward(net.plan, cues(net.plan, c.sentence), c.clock)); }

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

// A plan of which only one part shows, unmended. What the camera does and who does what is said by hand: at first nobody.
struct Theatre {
    Plan plan = tiny_denoiser().plan;
    explicit Theatre(bool puppets) {
        const auto nothing = [](zt::nn::Linear& layer) { layer.weight.zero_(), layer.bias.zero_(); };
        plan.scenes.select(1, 1).copy_(plan.scenes.select(1, 0));   // nothing in it moves
        for (zt::nn::Linear* layer : {&plan.camera, &plan.stroll, &plan.scene, &plan.act, &plan.look, &plan.mend_project, &plan.lens}) nothing(*layer);
        for (zt::nn::Linear& sheet : plan.sheets)
            if (puppets) nothing(sheet);
        plan.stroll.bias.fill_(-1);
        view(kStays);
    }
    void view(View v) { plan.camera.bias.zero_(), plan.camera.bias[v] = 1; }
    void act(int64_t place, int64_t which) { plan.act.bias.view({kPlaces, -1})[place].zero_()[which] = 1; }
    // [slots, 18, 32, channels]
    [[nodiscard]] at::Tensor at(int64_t clock) const { return forward(plan, cues(plan, zt::sample::Noise(9).draw({1, 8})), at::full({1}, clock, at::kLong)).latents; }
};

bool alike(const at::Tensor& a, const at::Tensor& b) { return at::allclose(a, b, 1e-4, 1e-4); }

TEST(Plan, EachViewHasItsSheetAndAPanTurnsItRoundARing) {
    Theatre stage(false);
    const at::Tensor stands = stage.at(0)[0];
    EXPECT_GT(stands.abs().max().item<float>(), 0.05F);
    EXPECT_TRUE(alike(stage.at(5)[0], stands)) << "a camera that stays";
    stage.view(kPans);
    const at::Tensor home = stage.at(0)[0];
    EXPECT_FALSE(alike(home, stands));
    for (int64_t slot = 0; slot < kSlots; slot++) EXPECT_TRUE(alike(stage.at(5)[slot], home.roll({-10 - 2 * slot}, {1})));
    EXPECT_TRUE(alike(stage.at(15)[1], home)) << "once round";
    stage.view(kShakes);
    EXPECT_FALSE(alike(stage.at(0)[0], stands) || alike(stage.at(0)[0], home));
}

TEST(Plan, WhatFallsOnTheLensIsMovedByNoCamera) {
    Theatre stage(true);   // no scene
    zt::nn::Linear& lens = stage.plan.lens;
    lens.bias.copy_(zt::sample::Noise(11).draw(lens.bias.sizes()));
    const at::Tensor rain = stage.at(0)[0];
    EXPECT_TRUE(alike(rain, lens.bias.reshape({kTileRows, 32, -1}).repeat({3, 1, 1})));
    for (const View view : {kPans, kZooms, kShakes}) {
        stage.view(view);
        EXPECT_TRUE(alike(stage.at(5)[1], rain));
    }
}

TEST(Plan, AZoomGoesInAndBack) {
    Theatre stage(false);
    // One channel that is its own column.
    zt::nn::Linear& sheet = stage.plan.sheets[0];
    sheet.weight.zero_(), sheet.bias.zero_();
    sheet.bias.view({18, 32, -1}).select(2, 0).copy_(at::arange(32, at::kFloat));
    stage.view(kZooms);
    const auto row = [&](int64_t clock) { return stage.at(clock)[0][9].select(1, 0); };
    EXPECT_TRUE(alike(row(0), at::arange(32, at::kFloat))) << "the nearest is the same at first";
    const at::Tensor near = row(8);
    EXPECT_NEAR((near[31] - near[0]).item<float>(), 31 / 1.34, 1);
    EXPECT_NEAR((near[31] + near[0]).item<float>(), 31, 1e-4);
}

TEST(Plan, WhatTheConvolutionsMendHearsOfTheCamera) {
    Theatre stage(false);
    for (zt::nn::Linear& sheet : stage.plan.sheets) sheet.weight.zero_(), sheet.bias.fill_(1);
    const at::Tensor bare = stage.at(4);
    stage.plan.mend_project.weight.fill_(0.1);
    const auto mended = [&](View view, int64_t clock) {
        stage.view(view);
        return stage.at(clock) - bare;
    };
    const at::Tensor stays = mended(kStays, 4), pans = mended(kPans, 4), shakes = mended(kShakes, 4), zooms = mended(kZooms, 4);
    EXPECT_TRUE(alike(stays, mended(kStays, 7)));
    EXPECT_TRUE(alike(shakes[0], mended(kShakes, 7)[1])) << "a shake is back after two";
    EXPECT_FALSE(alike(shakes[0], shakes[1]));
    EXPECT_FALSE(alike(stays, pans) || alike(stays, shakes) || alike(stays, zooms));
}

constexpr std::array<int64_t, kPlaces> kFirstColumn{8, 0, 16};
Theatre with_puppet(int64_t place) {
    Theatre stage(true);
    stage.act(place, 1);
    return stage;
}

TEST(Plan, PuppetsAreTheSameAtEveryPlace) {
    std::array<at::Tensor, kPlaces> seen;
    for (size_t place = 0; place < kPlaces; place++) {
        const at::Tensor all = with_puppet(static_cast<int64_t>(place)).at(0)[0];
        seen[place] = all.slice(1, kFirstColumn[place], kFirstColumn[place] + 16);
        EXPECT_GT(seen[place].abs().max().item<float>(), 0.05F);
        EXPECT_NEAR(all.abs().sum().item<float>(), seen[place].abs().sum().item<float>(), 1e-2F) << "nothing outside of the window";
    }
    EXPECT_TRUE(alike(seen[0], seen[1]) && alike(seen[0], seen[2]));
}

TEST(Plan, PuppetsStrollWhereTheSentenceSaysSo) {
    Theatre alone = with_puppet(0), left = with_puppet(1);
    const at::Tensor home = alone.at(0)[0].slice(1, 8, 24), side = left.at(0)[0];
    EXPECT_TRUE(alike(alone.at(4)[0].slice(1, 8, 24), home)) << "unsaid, it stays";
    const at::Tensor third = alone.at(6)[0].slice(1, 8, 24);
    alone.plan.stroll.bias.fill_(1), left.plan.stroll.bias.fill_(1);
    EXPECT_TRUE(alike(alone.at(0)[0].slice(1, 0, 16), home)) << "begins eight to the left";
    EXPECT_TRUE(alike(alone.at(6)[0].slice(1, 12, 28), home));
    EXPECT_TRUE(alike(alone.at(10)[0].slice(1, 12, 28), third)) << "on its way back it is another picture";
    EXPECT_TRUE(alike(left.at(6)[0].slice(1, 2, 32), side.slice(1, 0, 30))) << "of two each goes half as far";
}

TEST(Plan, OneAnswerWinsHoweverClose) {
    Theatre sure = with_puppet(0), close = with_puppet(0);
    close.plan.act.bias.view({kPlaces, -1})[0][2] = 0.999;
    close.plan.camera.bias[kShakes] = 0.999;
    EXPECT_TRUE(at::equal(sure.at(3), close.at(3))) << "no ghost of the other";
    close.act(0, 2);
    EXPECT_FALSE(alike(sure.at(3), close.at(3)));
}

TEST(Plan, AShakeShowsAnotherPictureOfTheSamePuppet) {
    Theatre stage = with_puppet(0);
    const at::Tensor held = stage.at(0);
    stage.view(kShakes);   // its sheet is empty too
    EXPECT_FALSE(alike(stage.at(0), held));
    stage.plan.puppets.codes.select(1, 1).copy_(stage.plan.puppets.codes.select(1, 0));
    EXPECT_TRUE(alike(stage.at(0), held));
}

TEST(Plan, EveryCueCounts) {
    const Plan plan = tiny_denoiser().plan;
    const at::Tensor clock = at::zeros({1}, at::kLong);
    Cues said = cues(plan, zt::sample::Noise(10).draw({1, 8}));
    said.acts = at::ones_like(said.acts), said.strolls = at::zeros_like(said.strolls), said.views = at::one_hot(at::zeros({1}, at::kLong), kViews).to(at::kFloat);
    const at::Tensor base = forward(plan, said, clock).latents;
    const auto differs = [&](const Cues& c) { return !alike(forward(plan, c, clock).latents, base); };
    Cues other = said;
    other.scene = (said.scene + 1).remainder(3);
    EXPECT_TRUE(differs(other));
    other = said, other.acts = said.acts + 1;
    EXPECT_TRUE(differs(other));
    other = said, other.looks = 1 - said.looks;
    EXPECT_TRUE(differs(other));
    other = said, other.strolls = at::ones_like(said.strolls);
    EXPECT_TRUE(differs(other));
    for (const View view : {kPans, kZooms, kShakes}) {
        other = said, other.views = at::one_hot(at::full({1}, int64_t{view}, at::kLong), kViews).to(at::kFloat);
        EXPECT_TRUE(differs(other)) << view;
    }
}

TEST(Puppets, FourMomentsOfAnActOrTwoOfEachWay) {
    const at::Tensor clock = at::arange(16, at::kLong);
    EXPECT_TRUE(at::equal(phases(clock, at::zeros({16}, at::kBool)), clock.remainder(4)));
    const at::Tensor strolling = phases(clock, at::ones({16}, at::kBool));
    EXPECT_TRUE(at::equal(strolling.slice(0, 0, 8), clock.slice(0, 0, 8).remainder(2)));
    EXPECT_TRUE(at::equal(strolling.slice(0, 8), 2 + clock.slice(0, 8).remainder(2)));
}

TEST(Puppets, ALookShadesAndWithoutOneThePictureIsTheSheet) {
    Puppets puppets = tiny_denoiser().plan.puppets;
    const auto window = [&](int64_t act, int64_t look) { const auto index = [](int64_t i) { return at::full({1}, i, at::kLong); }; return forward(puppets, index(act), index(0), index(2), index(look)); };
    EXPECT_EQ(window(1, 0).sizes(), (std::vector<int64_t>{1, 18, 16, 5}));
    EXPECT_FALSE(alike(window(1, 0), window(1, 1)));
    EXPECT_FALSE(alike(window(1, 0), window(2, 0)));
    puppets.gain.zero_(), puppets.out.weight.zero_(), puppets.out.bias.zero_();
    EXPECT_TRUE(alike(window(1, 0), window(1, 1)));
    const at::Tensor code = puppets.codes[1][0][2], sheet = zt::nn::forward(puppets.sheet, code / std::sqrt(8.0)).reshape({1, 9, 8, 20});
    EXPECT_TRUE(alike(window(1, 0), zt::nn::depth_to_space(sheet, 2)));
}

TEST(Puppets, HideWhatIsBehindThem) {
    const at::Tensor scene = at::full({1, 2}, 3.0), cast = at::tensor({1.0, 2.0, 0.0}).unsqueeze(0);
    EXPECT_TRUE(alike(in_front(cast, scene), at::tensor({4.0, 5.0}).unsqueeze(0)));
    EXPECT_TRUE(alike(in_front(at::tensor({1.0, 2.0, 1.0}).unsqueeze(0), scene), at::tensor({1.0, 2.0}).unsqueeze(0)));
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
