// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sessions with the clip cache: what is read is what was made, shot by shot, and what cannot be read is made.
#include "pipeline/clip_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/sha256.h"
#include "pipeline/session.h"
#include "probe.h"

namespace {

using zt::Failure;
using zt::families::Direction;
using zt::families::FrameBatch;
using zt::families::GenerationRequest;
using zt::pipeline::FramePtr;
using zt::pipeline::Plan;
using zt::pipeline::Session;

constexpr int kSide = 16;
constexpr int64_t kChunk = 8;

// Each frame is one grey, from the prompt, the frame's number and, unless shots are made alone, all prompts before.
class Greys final : public zt::families::Generation {
public:
    Greys(const GenerationRequest& request, bool alone, std::atomic<int64_t>& made)
        : request_(request), alone_(alone), made_(made) {}
    void limit_next(int64_t most) override { most_ = most; }
    [[nodiscard]] int64_t next_frames() const override { return std::min({kChunk, most_, request_.frames - done_}); }
    void skip(int64_t frames) override { done_ += frames; }
    std::optional<FrameBatch> next(const Direction& direction, const zt::Cancel&,
                                   const zt::families::ProgressFn&) override {
        history_ = alone_ ? direction.prompt : history_ + direction.prompt;
        const int64_t frames = next_frames();
        pixels_.clear();
        for (int64_t i = 0; i < frames; i++) {
            const std::string digest = zt::sha256_hex(history_ + std::to_string(done_ + i));
            pixels_.resize(pixels_.size() + 3 * kSide * kSide, static_cast<float>(digest[0] + digest[1]) / 255.0F);
        }
        FrameBatch batch{nullptr, pixels_.data(), frames};
        if (request_.cutout) {
            alpha_.clear();
            for (int64_t i = 0; i < frames * kSide * kSide; i++)
                alpha_.push_back(static_cast<float>((done_ + 37 * i) % 256) / 255.0F);
            batch.alpha = alpha_.data();
        }
        done_ += frames;
        made_ += frames;
        return batch;
    }

private:
    const GenerationRequest request_;
    const bool alone_;
    std::atomic<int64_t>& made_;
    std::string history_;
    std::vector<float> pixels_, alpha_;
    int64_t done_ = 0, most_ = INT64_MAX;
};

class GreyModel final : public zt::families::Model {
public:
    explicit GreyModel(bool alone) {
        limits_.rates = {{24, 1}};
        limits_.chunk_frames = kChunk;
        limits_.shots_alone = alone;
        limits_.steerable = !alone;
    }
    [[nodiscard]] const zt::families::Limits& limits() const override { return limits_; }
    [[nodiscard]] std::string device() const override { return "cpu"; }
    [[nodiscard]] std::string precision() const override { return "fp32"; }
    [[nodiscard]] std::string sha256() const override { return "ab"; }
    void check(const Direction&) const override {}
    [[nodiscard]] std::unique_ptr<zt::families::Generation> begin(const GenerationRequest& request) const override {
        return std::make_unique<Greys>(request, limits_.shots_alone, made);
    }
    mutable std::atomic<int64_t> made{0};  // frames

private:
    zt::families::Limits limits_;
};

using Greys8 = std::vector<int>;  // of each frame the first pixel

class ClipCache : public testing::Test {
protected:
    void SetUp() override { setenv("ZOETROPE_CACHE", folder.path("clips").c_str(), 1); }
    void TearDown() override { setenv("ZOETROPE_CACHE", "off", 1); }

    static Plan plan_of(std::vector<std::string> shots, int64_t shot_frames = 20) {
        Plan plan;
        plan.generation.width = plan.generation.height = kSide;
        plan.generation.rate = {24, 1};
        plan.generation.frames = shot_frames * static_cast<int64_t>(shots.size());
        plan.generation.shot_frames = shot_frames;
        plan.generation.steps = 1;
        plan.generation.first.prompt = shots[0];
        plan.generation.log = zt::make_log(nullptr, nullptr);
        if (shots.size() > 1)
            for (size_t i = 0; i < shots.size(); i++)
                plan.script.list.shots.push_back({static_cast<int64_t>(i) * shot_frames, shots[i], 1});
        plan.cache = ZT_CACHE_AUTO;
        return plan;
    }
    static Greys8 read_rest(Session& session) {
        Greys8 greys;
        Failure failure;
        for (FramePtr frame; session.read(-1, frame, failure) == ZT_OK;) greys.push_back(frame->info.data[0][0]);
        EXPECT_EQ(failure.message, "");
        return greys;
    }
    // The frames, and how many of them the model made.
    std::pair<Greys8, int64_t> play(const Plan& plan, const std::shared_ptr<GreyModel>& model = nullptr) {
        const auto use = model != nullptr ? model : std::make_shared<GreyModel>(true);
        const int64_t before = use->made;
        Session session(use, plan);
        Greys8 greys = read_rest(session);
        EXPECT_EQ(std::ssize(greys), plan.generation.frames - plan.start_frame);
        return {greys, use->made - before};
    }
    [[nodiscard]] size_t clips() const {
        size_t count = 0;
        for (const auto& file : std::filesystem::directory_iterator(folder.path("clips")))
            count += file.path().extension() == ".clip" ? 1 : 0;
        return count;
    }

    const zt::test::TemporaryFolder folder;
};

TEST_F(ClipCache, TheSecondTimeIsRead) {
    for (const bool alone : {true, false}) {
        const auto model = std::make_shared<GreyModel>(alone);
        const Plan plan = plan_of({alone ? "fox" : "owl"}, 44);
        const auto [first, made] = play(plan, model);
        EXPECT_EQ(made, 44);
        const auto [second, again] = play(plan, model);
        EXPECT_EQ(again, 0);
        EXPECT_EQ(second, first);
        for (const int64_t start : {1, 8, 20, 43}) {
            Plan late = plan;
            late.start_frame = start;
            EXPECT_EQ(play(late, model), std::pair(Greys8(first.begin() + start, first.end()), int64_t{0}));
        }
    }
}

TEST_F(ClipCache, ASeekKeepsTheWholeClip) {
    Plan plan = plan_of({"fox"}, 44);
    plan.start_frame = 30;
    EXPECT_EQ(play(plan).second, 44);
    plan.start_frame = 0;
    EXPECT_EQ(play(plan).second, 0);
}

// Nor are the shots before it made, where it does not depend on them.
TEST_F(ClipCache, ASeekLeavesOutTheShotsBefore) {
    for (const bool alone : {true, false}) {
        const auto model = std::make_shared<GreyModel>(alone);
        Plan plan = plan_of({"a", "b", "c", "d"});
        plan.cache = ZT_CACHE_OFF;
        const auto whole = play(plan, model).first;
        plan.cache = ZT_CACHE_AUTO;
        plan.start_frame = 50;
        const size_t before = alone ? 0 : clips();
        EXPECT_EQ(play(plan, model), std::pair(Greys8(whole.begin() + 50, whole.end()), int64_t{alone ? 40 : 80}));
        EXPECT_EQ(clips() - before, alone ? 2U : 4U);
        plan.start_frame = 0;
        EXPECT_EQ(play(plan, model), std::pair(whole, int64_t{alone ? 40 : 0}));
    }
}

// Who stops early, as editors do at each cut, keeps what was made until then.
TEST_F(ClipCache, WhatWasBegunIsReadUpToThere) {
    for (const bool alone : {true, false}) {
        const auto model = std::make_shared<GreyModel>(alone);
        Plan plan = plan_of({alone ? "fox" : "owl"}, 200);
        plan.prefetch = 0;
        const auto first = [&](int frames) {
            const int64_t before = model->made;
            Greys8 greys;
            {
                Session session(model, plan);
                Failure failure;
                FramePtr frame;
                for (int i = 0; i < frames && session.read(-1, frame, failure) == ZT_OK; i++)
                    greys.push_back(frame->info.data[0][0]);
            }
            return std::pair(greys, model->made - before);
        };
        const auto [made, count] = first(30);
        EXPECT_GE(count, 30);
        EXPECT_EQ(first(30), std::pair(made, int64_t{0}));
        EXPECT_EQ(first(20), std::pair(Greys8(made.begin(), made.begin() + 20), int64_t{0}));
        const auto [longer, more] = first(100);  // made from the beginning again
        EXPECT_GE(more, 100);
        EXPECT_EQ(Greys8(longer.begin(), longer.begin() + 30), made);
        EXPECT_EQ(first(100), std::pair(longer, int64_t{0}));
        EXPECT_EQ(clips(), alone ? 0U : 1U);
        plan.start_frame = 50;
        EXPECT_EQ(first(40), std::pair(Greys8(longer.begin() + 50, longer.begin() + 90), int64_t{0}));
        plan.start_frame = 0;
        const auto [all, rest] = play(plan, model);
        EXPECT_EQ(rest, 200);
        EXPECT_EQ(Greys8(all.begin(), all.begin() + 100), longer);
        EXPECT_EQ(play(plan, model), std::pair(all, int64_t{0}));
        EXPECT_EQ(clips(), alone ? 1U : 2U);
    }
}

TEST_F(ClipCache, OffAndDrawnSeedsKeepNothing) {
    Plan plan = plan_of({"fox"});
    plan.cache = ZT_CACHE_OFF;
    play(plan);
    plan.cache = ZT_CACHE_AUTO;
    plan.seed_drawn = true;
    play(plan);
    EXPECT_FALSE(std::filesystem::exists(folder.path("clips")));
    plan.cache = ZT_CACHE_ON;
    play(plan);
    EXPECT_EQ(clips(), 1U);
}

// Of models whose shots do not depend on each other one changed cue makes one shot.
TEST_F(ClipCache, OneChangedCueMakesOneShot) {
    const auto [first, made] = play(plan_of({"a", "b", "c", "d"}));
    EXPECT_EQ(made, 80);
    EXPECT_EQ(clips(), 4U);
    for (size_t changed = 0; changed < 4; changed++) {
        std::vector<std::string> shots = {"a", "b", "c", "d"};
        shots[changed] += "!";
        Plan fresh = plan_of(shots);
        fresh.cache = ZT_CACHE_OFF;
        const auto expected = play(fresh).first;
        EXPECT_EQ(play(plan_of(shots)), std::pair(expected, int64_t{20})) << changed;
        EXPECT_EQ(play(plan_of(shots)), std::pair(expected, int64_t{0})) << changed;
    }
}

// Of others what stands before a changed cue is read, what comes behind it is made; and what is read is not made for it
// to be given, but to go on from it.
TEST_F(ClipCache, ADependentShotIsMadeAgain) {
    const auto model = std::make_shared<GreyModel>(false);
    play(plan_of({"a", "b", "c"}), model);
    Plan fresh = plan_of({"a", "b!", "c"});
    fresh.cache = ZT_CACHE_OFF;
    const auto expected = play(fresh, model).first;
    EXPECT_EQ(play(plan_of({"a", "b!", "c"}), model).first, expected);
    EXPECT_EQ(play(plan_of({"a", "b!", "c"}), model), std::pair(expected, int64_t{0}));
    EXPECT_EQ(clips(), 5U);
}

TEST_F(ClipCache, EveryFieldHasItsOwnClip) {
    const auto model = std::make_shared<GreyModel>(true);
    int threads = 1;
    const auto key = [&](const std::function<void(Plan&)>& change) {
        Plan plan = plan_of({"fox"});
        change(plan);
        return zt::pipeline::keyed_shots(plan, *model, plan.model_identity, threads).at(0).key;
    };
    std::vector<std::string> keys = {key([](Plan&) {})};
    EXPECT_EQ(key([](Plan&) {}), keys[0]);
    EXPECT_EQ(key([](Plan& p) { p.prefetch = 3; }), keys[0]);
    EXPECT_EQ(key([](Plan& p) { p.start_frame = 3; }), keys[0]);
    const auto picture = [](uint8_t value) {
        return zt::families::Picture{ZT_IMAGE_FIRST, 1, 1, std::make_shared<const std::vector<uint8_t>>(3, value)};
    };
    for (const std::function<void(Plan&)>& change : std::initializer_list<std::function<void(Plan&)>>{
             [](Plan& p) { p.generation.first.prompt = "fox "; },
             [](Plan& p) { p.generation.first.negative_prompt = "fox"; },
             [](Plan& p) { p.generation.first.seed = 1; },
             [](Plan& p) { p.generation.first.guidance = 1; },
             [](Plan& p) { p.generation.first.strength = 0.5; },
             [](Plan& p) { p.generation.width = 32; },
             [](Plan& p) { p.generation.height = 32; },
             [](Plan& p) {
                 p.generation.rate = {25, 1};
             },
             [](Plan& p) { p.generation.frames = 19; },
             [](Plan& p) { p.generation.shot_frames = 30; },
             [](Plan& p) { p.generation.steps = 2; },
             [](Plan& p) { p.generation.flow_shift = 2; },
             [](Plan& p) { p.generation.fit = ZT_FIT_PAD; },
             [](Plan& p) { p.generation.loop = true; },
             [](Plan& p) { p.generation.motion = 0.5; },
             [](Plan& p) { p.generation.tempo = 0.5; },
             [](Plan& p) { p.generation.morph = true; },
             [](Plan& p) { p.generation.sound = true; },
             [](Plan& p) { p.format = ZT_PIXEL_YUV444P; },
             [](Plan& p) { p.model_identity = "other"; },
             [](Plan& p) { p.marking.label = ZT_LABEL_START; },
             [](Plan& p) { p.marking.label = ZT_LABEL_ALWAYS; },
             [](Plan& p) { p.marking.text = zt::marks::LabelText::kChinese; },
             [](Plan& p) { p.marking.place = zt::marks::LabelPlace::kTopLeft; },
             [](Plan& p) { p.marking.watermark = true; },
             [&](Plan& p) { p.generation.images = {picture(1)}; },
             [&](Plan& p) { p.generation.images = {picture(2)}; },
             [&](Plan& p) { p.mask = picture(2); }})
        keys.push_back(key(change));
    threads = 2;
    keys.push_back(key([](Plan&) {}));
    for (size_t a = 0; a < keys.size(); a++)
        for (size_t b = 0; b < a; b++) EXPECT_NE(keys[a], keys[b]) << a << " " << b;
}

TEST_F(ClipCache, DamageIsMadeAnew) {
    const Plan plan = plan_of({"fox"}, 44);
    const auto [first, made] = play(plan);
    std::string path;
    for (const auto& file : std::filesystem::directory_iterator(folder.path("clips"))) path = file.path();
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
    file.write("damage", 6);
    file.close();
    EXPECT_EQ(play(plan), std::pair(first, int64_t{44}));  // the frames before it were given, and are not given twice
    EXPECT_EQ(play(plan), std::pair(first, int64_t{0}));
}

// All bytes of a clip's frames, plane by plane.
std::vector<std::string> whole_frames(const Plan& plan, const std::shared_ptr<GreyModel>& model) {
    Session session(model, plan);
    std::vector<std::string> frames;
    Failure failure;
    for (FramePtr frame; session.read(-1, frame, failure) == ZT_OK;) {
        std::string bytes;
        for (int plane = 0; plane < 4 && frame->info.data[plane] != nullptr; plane++)
            bytes.append(reinterpret_cast<const char*>(frame->info.data[plane]),
                         static_cast<size_t>(frame->info.stride[plane]) *
                             static_cast<size_t>(plane == 1 || plane == 2 ? kSide / 2 : kSide));
        frames.push_back(bytes);
    }
    EXPECT_EQ(failure.message, "");
    return frames;
}

// A cutout is another clip, and its alpha is kept with it, in planes and in pixels.
TEST_F(ClipCache, AlphaIsKept) {
    for (const zt_pixel_format format : {ZT_PIXEL_YUV420P, ZT_PIXEL_RGBA, ZT_PIXEL_RGBA64}) {
        const auto model = std::make_shared<GreyModel>(true);
        Plan plan = plan_of({"fox " + std::to_string(format)}, 44);
        plan.format = format;
        plan.generation.cutout = true;
        const auto made = whole_frames(plan, model);
        EXPECT_EQ(model->made, 44);
        EXPECT_EQ(whole_frames(plan, model), made) << format;
        EXPECT_EQ(model->made, 44);
        EXPECT_NE(made[0], made[1]);
        if (format != ZT_PIXEL_YUV420P) continue;
        plan.generation.cutout = false;
        EXPECT_LT(whole_frames(plan, model)[0].size(), made[0].size());
        EXPECT_EQ(model->made, 88);
    }
}

TEST_F(ClipCache, AChangeByHandEndsIt) {
    const auto model = std::make_shared<GreyModel>(false);
    Plan plan = plan_of({"fox"}, 80);
    plan.prefetch = 0;
    const auto steered = [&] {
        Session session(model, plan);
        Greys8 greys;
        Failure failure;
        FramePtr frame;
        for (int i = 0; i < 10; i++) {
            EXPECT_EQ(session.read(-1, frame, failure), ZT_OK);
            greys.push_back(frame->info.data[0][0]);
        }
        EXPECT_EQ(session.set_prompt("owl"), 16);
        const Greys8 rest = read_rest(session);
        greys.insert(greys.end(), rest.begin(), rest.end());
        return greys;
    };
    const Greys8 made = steered();
    EXPECT_FALSE(std::filesystem::exists(folder.path("clips")) && clips() > 0);  // half of it is another clip
    const auto plain = play(plan, model).first;
    EXPECT_NE(plain, made);
    EXPECT_EQ(clips(), 1U);
    EXPECT_EQ(steered(), made);  // the first chunks were read
    EXPECT_EQ(play(plan, model), std::pair(plain, int64_t{0}));
}

// Two at once: one is made, the other reads along; and one that waits for its reader holds nobody up.
TEST_F(ClipCache, TwoAtOnce) {
    const auto model = std::make_shared<GreyModel>(true);
    const Plan plan = plan_of({"fox"}, 200);
    Session lazy(model, plan);  // nobody reads it yet
    Greys8 a, b;
    {
        std::jthread one([&] { a = play(plan, model).first; });
        std::jthread two([&] { b = play(plan, model).first; });
    }
    EXPECT_EQ(a, b);
    EXPECT_EQ(read_rest(lazy), a);
    EXPECT_EQ(clips(), 1U);
}

TEST_F(ClipCache, ANamelessFolderIsToldWhereItWasAskedFor) {
    std::ofstream(folder.path("file")) << "x";
    setenv("ZOETROPE_CACHE", folder.path("file/clips").c_str(), 1);
    EXPECT_TRUE(zt::test::refusal([] { zt::pipeline::check_cache(ZT_CACHE_ON, 10); }));
    EXPECT_FALSE(zt::test::refusal([] { zt::pipeline::check_cache(ZT_CACHE_AUTO, 10); }));
    EXPECT_EQ(play(plan_of({"fox"})).second, 20);  // made all the same
    setenv("ZOETROPE_CACHE", "off", 1);
    EXPECT_TRUE(zt::test::refusal([] { zt::pipeline::check_cache(ZT_CACHE_ON, 10); }));
    EXPECT_TRUE(zt::test::refusal([] { zt::pipeline::check_cache(ZT_CACHE_ON, -1); }));
}

}  // namespace
