// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the stage promises of motion, seeds, rates, given pictures and clips that go on.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "families/storybook/stage.h"
#include "shipped.h"

namespace {

using namespace zt::storybook::shipped;
using zt::storybook::CastResult;
using zt::storybook::Play;

const zt::families::LogFn kQuiet = [](zt_log_level, const std::string&) {};

Play play(const std::string& prompt, int64_t seed) {
    return understand(*weights(), prompt, seed, nullptr, kQuiet).play;
}

TEST(StorybookSeeds, LeaveNothingSaidAndSpreadOverTheRest) {
    constexpr int kSeeds = 32;
    for (const char* prompt : {"a fox", "一只猫"}) {
        std::map<std::string, std::map<int, int>> counts;
        std::set<std::string> different;
        for (int64_t seed = 0; seed < kSeeds; seed++) {
            const Play p = play(prompt, seed);
            ASSERT_EQ(p.actors.size(), 1U);
            EXPECT_EQ(p.actors[0].subject, play(prompt, 0).actors[0].subject);
            different.insert(tell(weights()->world, p));
            counts["colour"][p.actors[0].colour]++, counts["motion"][p.actors[0].motion]++, counts["scene"][p.scene]++,
                counts["time"][p.time]++;
            counts["weather"][p.weather]++, counts["camera"][p.camera]++, counts["style"][p.style]++;
        }
        EXPECT_GE(different.size(), 31U) << prompt;
        for (const auto& [attribute, values] : counts)
            for (const auto& [value, count] : values)
                EXPECT_NEAR(static_cast<double>(count) / kSeeds, 1.0 / static_cast<double>(values.size()), 0.15)
                    << prompt << ": " << attribute << " " << value;
    }
}

TEST(StorybookSeeds, ShowAnotherPictureEach) {
    std::vector<at::Tensor> frames;
    for (int64_t seed = 0; seed < 16; seed++)
        frames.push_back(
            generate("a red fox runs in the forest by day, paper style, clear sky, static camera", seed, 1)[0]);
    for (size_t a = 0; a < frames.size(); a++)
        for (size_t b = 0; b < a; b++)
            EXPECT_GT(difference(frames[a], frames[b]), 0.03)
                << a << " and " << b;  // everything a sentence can say was said
}

TEST(StorybookMotion, NeverRepeatsWithinTenSeconds) {
    for (const char* prompt : {"a red fox runs in the forest", "a cat sleeps in the city", "a balloon grows",
                               "a rocket spins in space", "a tree"}) {
        auto asked = request(prompt, 2, 240);
        asked.width = 64, asked.height = 36;
        const at::Tensor clip = generate(asked).flatten(1);
        double nearest = 1;
        for (int64_t i = 0; i < 240; i++)
            nearest =
                std::min(nearest, i == 239 ? 1.0 : (clip.slice(0, i + 1) - clip[i]).abs().amax(1).min().item<double>());
        EXPECT_GT(nearest, 2.0 / 255) << prompt;
    }
}

// The same moment at every rate.
TEST(StorybookMotion, KeepsItsSpeedAtEveryRate) {
    const at::Tensor film = generate("a red fox runs in the forest", 4, 49);
    for (const zt_rational rate : zt::storybook::kRates) {
        auto asked = request("a red fox runs in the forest", 4, 121);
        asked.rate = rate;
        const at::Tensor clip = generate(asked);
        const bool film_rate = rate.num == 24000;
        for (int64_t second = 0; second <= 2; second++) {
            const int64_t at = film_rate ? second * 24 : second * rate.num;
            if (at % rate.den != 0 && !film_rate) continue;
            if (film_rate || at / rate.den < 121) {
                EXPECT_LT(difference(clip[film_rate ? at : at / rate.den], film[second * 24]), 1e-6)
                    << rate.num << "/" << rate.den << " s " << second;
            }
        }
        EXPECT_LE(zt::storybook::chunk_frames(rate) * rate.den, rate.num);  // at most a second
    }
}

TEST(StorybookPictures, AnyPictureIsTheBackdropAndTheFirstFrame) {
    at::Tensor photo = at::rand({3, kHeight, kWidth}).mul(0.2).add(at::linspace(0, 0.8, kWidth));
    auto asked = request("a red fox runs", 1, 60);
    asked.images.push_back(picture(photo, ZT_IMAGE_FIRST));
    const at::Tensor clip = generate(asked);
    EXPECT_LT((clip[0] - photo).abs().max().item<double>(), 1.0 / 255);
    // The fox has come in: something red is where nothing was.
    const auto reddish = [](const at::Tensor& frame) {
        return (frame[0] - frame[1] - frame[2]).gt(0.25).to(at::kFloat).mean().item<double>();
    };
    EXPECT_LT(reddish(clip[0]), 0.002);
    EXPECT_GT(reddish(clip[59]), 0.01);
}

TEST(StorybookHistory, GoesOnWhereTheClipWasCut) {
    const at::Tensor whole = generate("a red fox runs in the forest", 9, 90);
    auto asked = request("a red fox runs in the forest", 9, 30);
    for (int64_t i = 50; i < 60; i++) asked.images.push_back(picture(whole[i], ZT_IMAGE_HISTORY));
    EXPECT_LT(difference(generate(asked), whole.slice(0, 60)), 1e-6);
}

TEST(StorybookHistory, ChangesFromFramesOfAnotherClip) {
    const at::Tensor before = generate("a blue cat sleeps on the beach", 3, 5);
    auto asked = request("a red fox runs in the forest", 9, 60);
    asked.images.push_back(picture(before[4], ZT_IMAGE_HISTORY));
    const at::Tensor clip = generate(asked);
    EXPECT_LT(difference(clip[0], before[4]), 0.02);  // the first step is made already
    EXPECT_LT(difference(clip[59], generate("a red fox runs in the forest", 9, 60)[59]), 1e-6);
}

TEST(StorybookSizes, AreTheSamePictureAtAnyScale) {
    const at::Tensor small = generate("a red fox runs in the forest", 2, 1);
    auto asked = request("a red fox runs in the forest", 2, 1);
    asked.width = 2 * kWidth, asked.height = 2 * kHeight;
    const at::Tensor large = at::avg_pool2d(generate(asked), {2, 2});
    EXPECT_LT((small - large).square().mean().sqrt().item<double>(), 0.03);
}

}  // namespace
