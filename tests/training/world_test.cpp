// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The storybook world and its judge: what the trainer relies on.
#include <gtest/gtest.h>

#include "families/storybook/plan.h"
#include "judge.h"
#include "text/word_tokenizer.h"
#include "world/captions.h"
#include "world/render.h"

namespace {

using namespace zt::world;

constexpr size_t kFrameBytes = static_cast<size_t>(kWidth) * kHeight * 3;
const Scope& kWide = kScopes.back();

std::vector<uint8_t> frame(Renderer& renderer, const Clip& clip, int index) {
    std::vector<uint8_t> out(kFrameBytes);
    renderer.frame(clip, index, out.data());
    return out;
}

TEST(World, RepeatsAfterItsPeriodAndIsTheSameEachTime) {
    Renderer one, two;
    std::mt19937 dice(1);
    for (int i = 0; i < 12; i++) {
        const Clip c = random_clip(kWide, dice);
        const int period = period_groups(c) * kGroupFrames, at = static_cast<int>(dice() % 64);
        EXPECT_EQ(frame(one, c, at), frame(one, c, at + period)) << plain_caption(c, kEnglish);
        EXPECT_EQ(frame(one, c, at), frame(two, c, at));
        EXPECT_EQ(16 % period_groups(c), 0) << "the denoiser's clock counts to 16";
    }
}

// The denoiser moves its plan along these paths (families/storybook/plan.h, Moment).
TEST(World, PansAndStrollsByTwoLatentsPerGroup) {
    constexpr int kLatent = 8, kStep = 2 * kLatent;
    Renderer renderer;
    Clip c;
    c.scene = kCity, c.camera = kFollow;
    for (const int group : {1, 6, 15}) {
        std::vector<uint8_t> still(kFrameBytes), passed(kFrameBytes);
        renderer.empty_frame(c, 0, still.data());
        renderer.empty_frame(c, group * kGroupFrames, passed.data());
        for (size_t y = 0; y < kHeight; y++)
            for (size_t x = 0; x < kWidth; x++)
                EXPECT_EQ(passed[(y * kWidth + x) * 3], still[(y * kWidth + (x + static_cast<size_t>(group * kStep)) % kWidth) * 3]);
    }
    c.motion = kStroll;
    for (int group = 0; group < 16; group++) {
        const Pose p = pose(c, group * kGroupFrames);
        EXPECT_EQ(p.x, kWidth / 2.f + static_cast<float>(kStep * (group < 8 ? group - 4 : 12 - group)));
        EXPECT_EQ(p.mirrored, group >= 8);
        const auto planned = zt::storybook::moment(at::full({1}, group, at::kLong));
        EXPECT_EQ(p.x, kWidth / 2.f + kLatent * planned.strolled[0][0].item<float>());
        for (int64_t x = 0; x < 32; x++) EXPECT_EQ(planned.panned[0][0][x].item<int>(), (x + 2 * group) % 32);
    }
}

TEST(World, ZoomsAsThePlanDoes) {
    Clip c;
    c.camera = kZoom;
    for (int group = 0; group < 16; group++) {
        const auto planned = zt::storybook::moment(at::full({1}, group, at::kLong));
        const at::Tensor rows = planned.zoomed_rows[0][0], columns = planned.zoomed_columns[0][0];
        const float scale = (zoom_factor(c, group * kGroupFrames + 1) + zoom_factor(c, group * kGroupFrames + 2)) / 2;
        EXPECT_NEAR(31 / (columns[31] - columns[0]).item<float>(), scale, 2e-3) << group;
        // The middle of latent 2 lies at line 20.
        EXPECT_NEAR(rows[2].item<float>() * 8 + 4, kZoomLine + (20 - kZoomLine) / scale, 0.1) << group;
    }
}

// A puppet of a pair is the same picture as alone, four tokens to the side (kPlaces).
TEST(World, PairsAreTwoPuppetsFourTokensApartFromTheMiddle) {
    Clip alone, pair;
    pair.companion = kCat;
    for (int motion = 0; motion < kMotions; motion++) {
        if (motion == kStroll) continue;   // goes half as far
        alone.motion = pair.motion = motion;
        for (const int which : {0, 1}) {
            const Pose one = pose(alone, 5), two = pose(pair, 5, which);
            EXPECT_NEAR(two.x - one.x, which == 0 ? -64 : 64, 1e-3);
            EXPECT_EQ(std::tie(one.y, one.tilt, one.stretch, one.scale, one.cycle), std::tie(two.y, two.tilt, two.stretch, two.scale, two.cycle));
        }
    }
}

TEST(World, MovesInEveryMotion) {
    Renderer renderer;
    for (int motion = 0; motion < kMotions; motion++) {
        Clip c;
        c.motion = motion;
        EXPECT_NE(frame(renderer, c, 0), frame(renderer, c, 3)) << motion;
    }
}

TEST(World, HoldsOutOneInEightAndScopesNest) {
    int out = 0, all = 0;
    for (int s = 0; s < kSubjects; s++)
        for (int c = 0; c < kColours; c++)
            for (int e = 0; e < kScenes; e++) out += held_out(s, c, e), all++;
    EXPECT_NEAR(static_cast<double>(out) / all, 0.125, 0.03);
    std::mt19937 dice(2);
    for (int i = 0; i < 400; i++) {
        EXPECT_FALSE(held_out(random_clip(kWide, dice)));
        EXPECT_TRUE(held_out(random_clip(kWide, dice, true)));
        const Clip c = random_clip(kScopes[0], dice);
        EXPECT_TRUE(c.subject <= kBalloon && c.colour <= kPurple && c.motion <= kFly && c.scene <= kCity && c.time <= kNight);
        EXPECT_TRUE(c.weather == 0 && c.camera == 0 && c.style == 0 && c.companion == -1);
    }
}

TEST(World, ARecastClipKeepsEverythingButItsCast) {
    std::mt19937 dice(6);
    int other = 0, recoloured = 0;
    for (int i = 0; i < 400; i++) {
        const Clip clip = random_clip(kWide, dice), same = recast(clip, kWide, dice, false), all = recast(clip, kWide, dice);
        for (const Clip& c : {same, all}) {
            EXPECT_FALSE(held_out(c));
            EXPECT_EQ(c.companion >= 0, clip.companion >= 0);
            Clip back = c;
            back.subject = clip.subject, back.colour = clip.colour, back.companion = clip.companion, back.companion_colour = clip.companion_colour;
            EXPECT_EQ(attributes(back), attributes(clip));
            EXPECT_FALSE(c.companion == c.subject && c.companion_colour == c.colour);
        }
        EXPECT_TRUE(same.subject == clip.subject && same.companion == clip.companion);
        recoloured += same.colour != clip.colour, other += all.subject != clip.subject;
    }
    EXPECT_GT(recoloured, 300);
    EXPECT_GT(other, 300);
}

TEST(World, EverySentenceIsInTheVocabularyAndFits) {
    const zt::text::WordTokenizer words(vocabulary());
    std::mt19937 dice(3);
    for (int i = 0; i < 4000; i++) {
        const Clip clip = random_clip(kWide, dice);
        const Caption c = caption(clip, i % 2 ? kEnglish : kChinese, 0.1, dice);
        const auto ids = words.encode(c.text, 63);
        EXPECT_TRUE(ids.unknown.empty() && ids.corrected.empty() && ids.dropped == 0) << c.text;
        EXPECT_EQ(c.said[kCompanion], clip.companion >= 0) << c.text;
    }
    for (int i = 0; i < kLayouts; i++) EXPECT_GT(words.id_of(layout_word(i)), 0);
    Clip duo;
    duo.companion = kBird, duo.companion_colour = kBlue, duo.weather = kRain;
    EXPECT_EQ(plain_caption(duo, kEnglish), "a red fox and a blue bird run in the forest by day in the rain");
    EXPECT_EQ(plain_caption(duo, kChinese), "一只红色的狐狸和一只蓝色的鸟在森林里奔跑，白天，下着雨");
}

// What `zoetrope inspect` will list is what the tokenizer knows, a row for every value.
TEST(World, ListsTheWordsItKnows) {
    const zt::text::WordTokenizer words(vocabulary());
    EXPECT_EQ(zt::text::WordTokenizer(vocabulary(kScopes[1])).id_of("rain"), 0);
    EXPECT_GT(words.id_of("rain"), 0);
    EXPECT_EQ(known(kScopes[1])[kWeather].english.size(), 1U);
    const auto list = known(kWide);
    for (size_t a = 0; a < list.size(); a++) {
        EXPECT_EQ(list[a].attribute, kAttributeNames[a]);
        EXPECT_EQ(list[a].english.size(), static_cast<size_t>(kAttributeSizes[a]));
        EXPECT_EQ(list[a].chinese.size(), static_cast<size_t>(kAttributeSizes[a]));
        for (const auto* table : {&list[a].english, &list[a].chinese})
            for (const auto& synonyms : *table)
                for (const auto& word : synonyms) EXPECT_TRUE(!word.empty() && words.encode(word, 63).unknown.empty()) << word;
    }
}

TEST(Judge, NamesRealRendersAndNothingInAnEmptyScene) {
    Renderer renderer;
    zt::training::Judge judge(renderer, kScopes[1]);
    std::mt19937 dice(4);
    std::vector<uint8_t> frames(kFrameBytes * zt::training::kJudgedFrames);
    for (int i = 0; i < 3; i++) {
        const Clip c = random_clip(kScopes[1], dice, true);
        for (int f = 0; f < zt::training::kJudgedFrames; f++) renderer.frame(c, f, &frames[static_cast<size_t>(f) * kFrameBytes]);
        const auto v = judge.judge(frames.data());
        EXPECT_EQ(attributes(v.nearest), attributes(c)) << plain_caption(c, kEnglish);
        EXPECT_TRUE(v.recognised());
        EXPECT_NEAR(v.motion, 1.0, 1e-6);
        for (int f = 0; f < zt::training::kJudgedFrames; f++) renderer.empty_frame(c, f, &frames[static_cast<size_t>(f) * kFrameBytes]);
        EXPECT_FALSE(judge.judge(frames.data()).recognised());
    }
}

TEST(Judge, NamesBothOfAPairInAnyStyleAndWeather) {
    Renderer renderer;
    zt::training::Judge judge(renderer, kWide);
    std::vector<uint8_t> frames(kFrameBytes * zt::training::kJudgedFrames);
    Clip c;
    c.subject = kRabbit, c.colour = kPink, c.motion = kJump, c.scene = kBeach, c.time = kSunset, c.weather = kRain, c.camera = kZoom, c.style = kSketch;
    c.companion = kRocket, c.companion_colour = kGreen;
    for (int f = 0; f < zt::training::kJudgedFrames; f++) renderer.frame(c, f, &frames[static_cast<size_t>(f) * kFrameBytes]);
    EXPECT_EQ(attributes(judge.judge(frames.data()).nearest), attributes(c));
}

}  // namespace
