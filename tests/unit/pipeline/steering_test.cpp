// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Changes while running (pipeline/steering.h).
#include "pipeline/steering.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace {

using zt::families::Direction;
using zt::pipeline::Steering;

Direction about(const char* prompt) {
    Direction direction;
    direction.prompt = prompt;
    return direction;
}

std::optional<int64_t> change_prompt(Steering& steering, const char* prompt) {
    return steering.set_prompt(prompt, [](const Direction&) {});
}

TEST(Steering, ChangeReachesTheNextChunkBegun) {
    Steering steering(about("fox"), -1, true);
    EXPECT_EQ(steering.begin_chunk(13).first_frame, 0);
    EXPECT_EQ(change_prompt(steering, "owl"), 13);
    const auto order = steering.begin_chunk(12);
    EXPECT_EQ(order.direction.prompt, "owl");
    EXPECT_EQ(order.tag->text, "owl");
    EXPECT_EQ(order.first_frame, 13);
    EXPECT_EQ(order.chunk, 1);
}

TEST(Steering, OnlyAnotherPromptIsACut) {
    Steering steering(about("fox"), -1, true);
    EXPECT_EQ(change_prompt(steering, "owl"), 0);
    EXPECT_FALSE(steering.begin_chunk(12).direction.cut);  // nothing before it
    (void)steering.change([](Direction& direction) { direction.seed = 7; }, [](const Direction&) {});
    const auto seeded = steering.begin_chunk(12);
    EXPECT_FALSE(seeded.direction.cut);
    EXPECT_EQ(seeded.direction.seed, 7);
    (void)change_prompt(steering, "bear");
    (void)change_prompt(steering, "owl");  // back before a chunk began
    EXPECT_FALSE(steering.begin_chunk(12).direction.cut);
    (void)change_prompt(steering, "bear");
    const auto cut = steering.begin_chunk(12);
    EXPECT_TRUE(cut.direction.cut);
    EXPECT_EQ(cut.shot, 1);
    EXPECT_FALSE(steering.begin_chunk(12).direction.cut);
}

TEST(Steering, AChunkThatBeginsWithACutMayHaveAnotherLength) {
    Steering steering(about("fox"), -1, true);
    EXPECT_EQ(steering.begin_chunk(9, 9).frames, 9);
    EXPECT_EQ(steering.begin_chunk(12, 9).frames, 12);
    EXPECT_EQ(change_prompt(steering, "owl"), 21);
    const auto cut = steering.begin_chunk(12, 9);
    EXPECT_EQ(cut.first_frame, 21);
    EXPECT_EQ(cut.frames, 9);
    EXPECT_EQ(steering.begin_chunk(12, 9).first_frame, 30);
}

TEST(Steering, RefusedChangeLeavesTheOldInForce) {
    Steering steering(about("fox"), -1, true);
    const auto refuse = [](const Direction&) { throw zt::Error(ZT_ERROR_PROMPT, "no"); };
    EXPECT_THROW((void)steering.set_prompt("owl", refuse), zt::Error);
    EXPECT_EQ(steering.begin_chunk(12).direction.prompt, "fox");
}

TEST(Steering, NothingObeysAfterTheLastChunk) {
    Steering steering(about("fox"), -1, true);
    steering.close();
    EXPECT_FALSE(change_prompt(steering, "owl"));
}

TEST(Steering, NoChangeNamesAFramePastTheEnd) {
    Steering steering(about("fox"), 25, true);
    (void)steering.begin_chunk(13);
    EXPECT_EQ(change_prompt(steering, "owl"), 13);
    (void)steering.begin_chunk(12);  // the last one, still in the making
    EXPECT_EQ(change_prompt(steering, "bear"), std::nullopt);
}

TEST(Steering, AClipMadeAtOnceObeysNoChange) {
    Steering steering(about("fox"), 25, false);
    EXPECT_EQ(change_prompt(steering, "owl"), 0);
    EXPECT_EQ(steering.begin_chunk(13).direction.prompt, "owl");
    EXPECT_EQ(change_prompt(steering, "bear"), std::nullopt);
    EXPECT_EQ(steering.begin_chunk(12).tag->text, "owl");
}

// Shots at frames 0, 10 and 12; the last two have one prompt.
zt::pipeline::Script three_shots(bool morph = false) {
    zt::pipeline::Script script;
    script.list.shots = {{0, "fox", 1}, {10, "owl", 4}, {12, "owl", 7}};
    script.morph = morph;
    return script;
}

TEST(Steering, ShotsBeginOnTheirFrames) {
    for (const bool morph : {false, true}) {
        Steering steering(about("fox"), -1, true, three_shots(morph));
        EXPECT_EQ(steering.most_frames(), 10);
        EXPECT_FALSE(steering.begin_chunk(8).direction.cut);
        EXPECT_EQ(steering.most_frames(), 2);
        EXPECT_EQ(steering.begin_chunk(2).shot, 0);
        EXPECT_EQ(steering.most_frames(), 2);
        const auto second = steering.begin_chunk(2);
        EXPECT_EQ(second.shot, 1);
        EXPECT_EQ(second.tag->text, "owl");
        EXPECT_EQ(second.direction.prompt, "owl");
        EXPECT_EQ(second.direction.cut, !morph);
        EXPECT_EQ(steering.most_frames(), INT64_MAX);
        const auto third = steering.begin_chunk(8);  // another shot with the same prompt
        EXPECT_EQ(third.shot, 2);
        EXPECT_EQ(third.direction.cut, !morph);
        EXPECT_EQ(steering.begin_chunk(8).shot, 2);
    }
}

TEST(Steering, ALivePromptHoldsUntilTheNextShot) {
    Steering steering(about("fox"), -1, true, three_shots());
    (void)steering.begin_chunk(5);
    EXPECT_EQ(change_prompt(steering, "bear"), 5);
    EXPECT_EQ(steering.begin_chunk(5).tag->text, "bear");
    const auto owl = steering.begin_chunk(2);
    EXPECT_EQ(owl.tag->text, "owl");
    EXPECT_EQ(owl.shot, 2);  // the live prompt was one, too
}

TEST(Steering, ALivePromptTakesThePlaceOfAShotThatBeginsWithIt) {
    Steering steering(about("fox"), -1, true, three_shots());
    (void)steering.begin_chunk(10);
    EXPECT_EQ(change_prompt(steering, "bear"), 10);
    EXPECT_EQ(steering.most_frames(), 2);
    EXPECT_EQ(steering.begin_chunk(2).tag->text, "bear");
    EXPECT_EQ(steering.begin_chunk(2).tag->text, "owl");
}

TEST(Steering, OtherChangesLeaveTheShotsPrompt) {
    Steering steering(about("fox"), -1, true, three_shots());
    (void)steering.begin_chunk(10);
    const auto meanwhile = [&](const Direction&) { (void)steering.begin_chunk(2); };
    EXPECT_EQ(steering.change([](Direction& direction) { direction.seed = 7; }, meanwhile), 12);
    const auto order = steering.begin_chunk(2);
    EXPECT_EQ(order.direction.prompt, "owl");
    EXPECT_EQ(order.direction.seed, 7);
}

TEST(Steering, TagsCarryTheDigestOfTheBytes) {
    EXPECT_EQ(zt::pipeline::make_prompt_tag("abc")->sha256,
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
