// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A whole generation without LibTorch (pipeline/session.h): failures, cancel, changes, timing.
#include "pipeline/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/frame_time.h"
#include "families/testcard/testcard.h"
#include "pipeline/fake_model.h"
#include "seed.h"

namespace {

using zt::Failure;
using zt::pipeline::FramePtr;
using zt::pipeline::Plan;
using zt::pipeline::Session;
using zt::test::FakeModel;

Plan a_plan(int64_t frames, int prefetch = 1) {
    Plan plan;
    plan.generation.width = plan.generation.height = 16;
    plan.generation.rate = {24, 1};
    plan.generation.frames = frames;
    plan.generation.steps = 1;
    plan.generation.first.prompt = "fox";
    plan.generation.log = zt::make_log(nullptr, nullptr);
    plan.prefetch = prefetch;
    return plan;
}

struct Outcome {
    int64_t frames = 0;
    zt_status status = ZT_OK;
    std::string message;
};

Outcome read_all(Session& session) {
    Outcome outcome;
    Failure failure;
    for (FramePtr frame; (outcome.status = session.read(-1, frame, failure)) == ZT_OK; ++outcome.frames) {
        EXPECT_EQ(frame->info.pts, outcome.frames);
    }
    outcome.message = failure.message;
    return outcome;
}

TEST(Session, GivesEveryFrameOnceAndEnds) {
    for (int prefetch = 0; prefetch <= 4; ++prefetch) {
        for (const int64_t frames : {1, 7, 8, 9, 100}) {
            Session session(std::make_shared<FakeModel>(), a_plan(frames, prefetch));
            const Outcome outcome = read_all(session);
            EXPECT_EQ(outcome.frames, frames);
            EXPECT_EQ(outcome.status, ZT_END);
        }
    }
}

TEST(Session, StartFrameSkipsButKeepsNumbers) {
    for (const int64_t start : {1, 7, 8, 19}) {
        Plan plan = a_plan(20, 0);
        plan.start_frame = start;
        Session session(std::make_shared<FakeModel>(), plan);
        Failure failure;
        FramePtr frame;
        for (int64_t pts = start; pts < 20; ++pts) {
            ASSERT_EQ(session.read(-1, frame, failure), ZT_OK);
            EXPECT_EQ(frame->info.pts, pts);
            EXPECT_EQ(frame->info.chunk, pts / 8);
        }
        EXPECT_EQ(session.read(-1, frame, failure), ZT_END);
    }
}

TEST(Session, AnyExceptionEndsThisSessionOnly) {
    const auto model = std::make_shared<FakeModel>([](int64_t chunk, const auto& direction, const auto&) {
        if (chunk != 1) return;
        if (direction.prompt == "std") throw std::logic_error("bug\nbacktrace");
        if (direction.prompt == "unknown") throw 42;
        if (direction.prompt == "memory") throw std::bad_alloc();
        if (direction.prompt == "own") throw zt::Error(ZT_ERROR_DEVICE, "device: lost");
    });
    const std::pair<const char*, zt_status> cases[] = {{"std", ZT_ERROR_INTERNAL},
                                                       {"unknown", ZT_ERROR_INTERNAL},
                                                       {"memory", ZT_ERROR_MEMORY},
                                                       {"own", ZT_ERROR_DEVICE},
                                                       {"fox", ZT_END}};
    for (const auto& [prompt, status] : cases) {
        Plan plan = a_plan(20);
        plan.generation.first.prompt = prompt;
        Session session(model, plan);
        const Outcome outcome = read_all(session);
        EXPECT_EQ(outcome.status, status) << prompt;
        EXPECT_EQ(outcome.frames, status == ZT_END ? 20 : 8);  // the chunk before is whole
        EXPECT_EQ(outcome.message.find('\n'), std::string::npos);
        const Outcome again = read_all(session);
        EXPECT_EQ(again.status, status);
        EXPECT_EQ(again.message, outcome.message);
    }
}

TEST(Session, CancelAtEveryPollEndsCleanly) {
    // The hook polls as a model would; the k-th poll of the whole run is the one that is cancelled.
    for (int k = 0; k < 3 * 10; ++k) {
        std::atomic<int> polls = 0;
        Session* target = nullptr;
        std::atomic<bool> ready = false;
        Session session(std::make_shared<FakeModel>([&](int64_t, const auto&, const zt::Cancel& cancel) {
                            while (!ready) std::this_thread::yield();
                            for (int i = 0; i < 10; ++i, cancel.poll()) {
                                if (polls++ == k) target->cancel();
                            }
                        }),
                        a_plan(24));
        target = &session;
        ready = true;
        EXPECT_EQ(read_all(session).status, ZT_ERROR_CANCELLED) << k;
        EXPECT_EQ(polls, k + 1);
    }
}

TEST(Session, CancelAtRandomMomentsReturnsAtOnce) {
    std::mt19937 random(zt::test::test_seed());
    const auto model = std::make_shared<FakeModel>([](int64_t, const auto&, const zt::Cancel& cancel) {
        for (int i = 0; i < 100; ++i, cancel.poll()) std::this_thread::sleep_for(std::chrono::microseconds(20));
    });
    for (int i = 0; i < 200; ++i) {
        Session session(model, a_plan(-1, static_cast<int>(random() % 5)));
        std::chrono::steady_clock::duration call{};
        std::jthread canceller([&, wait = random() % 4000] {
            std::this_thread::sleep_for(std::chrono::microseconds(wait));
            const auto began = std::chrono::steady_clock::now();
            session.cancel();
            call = std::chrono::steady_clock::now() - began;
        });
        EXPECT_EQ(read_all(session).status, ZT_ERROR_CANCELLED);
        canceller.join();
        EXPECT_LT(call, std::chrono::seconds(1));  // 1 ms on an idle machine
    }
}

TEST(Session, DestroyWhileRunningJoinsTheWorker) {
    std::atomic<int> inside = 0;
    const auto model = std::make_shared<FakeModel>([&](int64_t, const auto&, const zt::Cancel& cancel) {
        ++inside;
        while (!cancel.requested()) std::this_thread::yield();
        --inside;
        cancel.poll();
    });
    for (int i = 0; i < 50; ++i) {
        { const Session session(model, a_plan(-1)); }
        EXPECT_EQ(inside, 0);
    }
}

TEST(Session, PromptReachesTheFrameItPromisedWithinPrefetchPlusOneChunks) {
    for (int prefetch = 0; prefetch <= 4; ++prefetch) {
        Session session(std::make_shared<FakeModel>(), a_plan(200, prefetch));
        Failure failure;
        FramePtr frame;
        int64_t changed_at = -1;
        std::string wanted = "fox";
        for (int64_t pts = 0; pts < 200; ++pts) {
            ASSERT_EQ(session.read(-1, frame, failure), ZT_OK);
            if (changed_at >= 0 && pts == changed_at) wanted = "owl";
            EXPECT_STREQ(frame->info.prompt, wanted.c_str())
                << "prefetch " << prefetch << " pts " << pts << " changed at " << changed_at;
            EXPECT_EQ(frame->info.shot, wanted == "owl" ? 1 : 0);
            if (pts != 50) continue;
            const auto first = session.set_prompt("owl");
            ASSERT_TRUE(first);
            changed_at = *first;
            // Left to play: this chunk's rest (chunk 6 ends with frame 55) and what is ahead.
            EXPECT_GT(changed_at, pts);
            EXPECT_LE(changed_at, 56 + 8 * prefetch);
        }
        EXPECT_EQ(wanted, "owl");
    }
}

TEST(Session, ShotsBeginOnTheirFrameAtAnyPrefetch) {
    for (int prefetch = 0; prefetch <= 4; ++prefetch) {
        auto plan = a_plan(40, prefetch);
        plan.script.list.shots = {{0, "fox", 1}, {3, "owl", 2}, {4, "bear", 3}, {30, "fox", 4}};
        Session session(std::make_shared<FakeModel>(), plan);
        Failure failure;
        FramePtr frame;
        for (int64_t pts = 0; pts < 40; ++pts) {
            ASSERT_EQ(session.read(-1, frame, failure), ZT_OK);
            const int32_t shot = pts < 3 ? 0 : pts < 4 ? 1 : pts < 30 ? 2 : 3;
            EXPECT_EQ(frame->info.pts, pts);
            EXPECT_EQ(frame->info.shot, shot) << pts;
            EXPECT_EQ(frame->info.prompt, plan.script.list.shots[static_cast<size_t>(shot)].prompt);
        }
        EXPECT_EQ(session.read(-1, frame, failure), ZT_END);
    }
}

TEST(Session, AModelThatMakesShotsInOnePieceObeysThemAndNothingElse) {
    const auto model = std::make_shared<FakeModel>();
    model->change_limits().steerable = false;
    auto plan = a_plan(20);
    plan.script.list.shots = {{0, "fox", 1}, {3, "owl", 2}};
    Session session(model, plan);
    Failure failure;
    FramePtr frame;
    for (int64_t pts = 0; pts < 20; ++pts) {
        ASSERT_EQ(session.read(-1, frame, failure), ZT_OK);
        EXPECT_FALSE(session.set_prompt("bear"));
        EXPECT_STREQ(frame->info.prompt, pts < 3 ? "fox" : "owl");
        EXPECT_EQ(frame->info.shot, pts < 3 ? 0 : 1);
    }
    EXPECT_EQ(session.read(-1, frame, failure), ZT_END);
}

TEST(Session, LivePromptsThatAreListsOfFramesGetAHint) {
    std::string logged;
    Plan plan = a_plan(8, 0);
    plan.generation.log = [&](zt_log_level, const std::string& line) { logged += line; };
    Session session(std::make_shared<FakeModel>(), plan);
    (void)session.set_prompt("a bear at 10:30");
    EXPECT_EQ(logged, "");
    (void)session.set_prompt("0: a fox 30: a cat");
    EXPECT_NE(logged.find("storyboard=FILE takes one prompt per time span"), std::string::npos) << logged;
    session.cancel();
}

TEST(Session, RefusedPromptLeavesTheOldInForce) {
    Session session(std::make_shared<FakeModel>(), a_plan(20, 0));
    EXPECT_THROW((void)session.set_prompt("refused"), zt::Error);
    EXPECT_THROW((void)session.set_prompt("bad \xFF"), zt::Error);
    EXPECT_THROW((void)session.set_guidance(101), zt::Error);
    EXPECT_THROW((void)session.set_seed(-2), zt::Error);
    Failure failure;
    for (FramePtr frame; session.read(-1, frame, failure) == ZT_OK;) EXPECT_STREQ(frame->info.prompt, "fox");
}

TEST(Session, SeedChangesReachFrames) {
    Session session(std::make_shared<FakeModel>(), a_plan(16, 0));
    EXPECT_EQ(session.set_seed(41), 0);
    Failure failure;
    FramePtr frame;
    ASSERT_EQ(session.read(-1, frame, failure), ZT_OK);
    EXPECT_EQ(frame->info.seed, 41);
}

TEST(Session, NothingObeysOnceAllChunksHaveBegun) {
    Session session(std::make_shared<FakeModel>(), a_plan(8));
    EXPECT_EQ(read_all(session).status, ZT_END);
    EXPECT_FALSE(session.set_prompt("owl"));
}

TEST(Session, AChunkOfTheWrongLengthIsABug) {
    class Liar final : public zt::families::Model {
    public:
        const zt::families::Limits& limits() const override { return limits_; }
        std::string device() const override { return "cpu"; }
        std::string precision() const override { return "fp32"; }
        std::string sha256() const override { return ""; }
        void check(const zt::families::Direction&) const override {}
        std::unique_ptr<zt::families::Generation> begin(const zt::families::GenerationRequest&) const override {
            class Short final : public zt::families::Generation {
                int64_t next_frames() const override { return 8; }
                std::optional<zt::families::FrameBatch> next(const zt::families::Direction&, const zt::Cancel&,
                                                             const zt::families::ProgressFn&) override {
                    return std::nullopt;
                }
            };
            return std::make_unique<Short>();
        }

    private:
        zt::families::Limits limits_;
    };
    Session session(std::make_shared<Liar>(), a_plan(8));
    const Outcome outcome = read_all(session);
    EXPECT_EQ(outcome.status, ZT_ERROR_INTERNAL);
    EXPECT_EQ(outcome.message, "generation: expected 8 frames in chunk 0, got 0");
}

// Chunks of 12 frames, 9 after a cut, that come four at a time; a piece holds how many frames of its chunk came before.
class Piecewise final : public zt::families::Model {
public:
    explicit Piecewise(std::function<void(int64_t)> before_piece) : before_piece_(std::move(before_piece)) {
        limits_.chunk_frames = 12;
        limits_.endless = true;
    }
    const zt::families::Limits& limits() const override { return limits_; }
    std::string device() const override { return "cpu"; }
    std::string precision() const override { return "fp32"; }
    std::string sha256() const override { return ""; }
    void check(const zt::families::Direction&) const override {}
    std::unique_ptr<zt::families::Generation> begin(const zt::families::GenerationRequest& request) const override {
        class Pieces final : public zt::families::Generation {
        public:
            Pieces(int64_t frames, const std::function<void(int64_t)>& before_piece)
                : all_(frames), before_piece_(before_piece) {}
            void limit_next(int64_t most) override { most_ = most; }
            int64_t next_frames() const override { return std::min({int64_t{12}, most_, all_ - done_}); }
            int64_t cut_frames() const override { return std::min({int64_t{9}, most_, all_ - done_}); }
            std::optional<zt::families::FrameBatch> next(const zt::families::Direction& direction, const zt::Cancel&,
                                                         const zt::families::ProgressFn&) override {
                if (left_ == 0) left_ = direction.cut ? cut_frames() : next_frames();
                before_piece_(done_);
                const int64_t frames = std::min<int64_t>(left_, 4);
                left_ -= frames;
                done_ += frames;
                const auto pixels =
                    std::make_shared<std::vector<float>>(static_cast<size_t>(frames) * 3 * 16 * 16, 0.5F);
                return zt::families::FrameBatch{pixels, pixels->data(), frames};
            }

        private:
            const int64_t all_;
            const std::function<void(int64_t)>& before_piece_;
            int64_t done_ = 0, left_ = 0, most_ = INT64_MAX;
        };
        return std::make_unique<Pieces>(request.frames, before_piece_);
    }

private:
    zt::families::Limits limits_;
    std::function<void(int64_t)> before_piece_;
};

TEST(Session, PiecesOfAChunkLeaveOneByOne) {
    std::atomic<int64_t> read = 0;
    // Each piece waits until all frames before it are read: it would wait for ever if they left with it.
    Session session(std::make_shared<Piecewise>([&](int64_t done) {
                        while (read < done) std::this_thread::yield();
                    }),
                    a_plan(30, 0));
    Failure failure;
    for (FramePtr frame; session.read(-1, frame, failure) == ZT_OK; ++read) {
        EXPECT_EQ(frame->info.pts, read);
        EXPECT_EQ(frame->info.chunk, read / 12);
        EXPECT_EQ(frame->info.chunk_start, read % 12 == 0 ? 1 : 0);
    }
    EXPECT_EQ(read, 30);
    EXPECT_EQ(session.progress().frames_done, 30);
}

TEST(Session, ACutChangesTheLengthOfItsChunk) {
    Session session(std::make_shared<Piecewise>([](int64_t) {}), a_plan(40, 0));
    Failure failure;
    std::vector<int64_t> begins;
    for (FramePtr frame; session.read(-1, frame, failure) == ZT_OK;) {
        if (frame->info.chunk_start != 0) begins.push_back(frame->info.pts);
        if (frame->info.pts == 3) EXPECT_EQ(session.set_prompt("owl"), 12);  // in the middle of the first chunk
    }
    EXPECT_EQ(begins, (std::vector<int64_t>{0, 12, 21, 33}));
}

TEST(Session, StartInTheMiddleOfAPiece) {
    Plan plan = a_plan(30, 0);
    plan.start_frame = 14;
    Session session(std::make_shared<Piecewise>([](int64_t) {}), std::move(plan));
    Failure failure;
    int64_t next = 14;
    for (FramePtr frame; session.read(-1, frame, failure) == ZT_OK; ++next) EXPECT_EQ(frame->info.pts, next);
    EXPECT_EQ(next, 30);
}

TEST(Session, ProgressCountsToTheEnd) {
    Session session(std::make_shared<FakeModel>(), a_plan(20));
    EXPECT_EQ(read_all(session).status, ZT_END);
    const zt_progress progress = session.progress();
    EXPECT_STREQ(progress.stage, "done");
    EXPECT_EQ(progress.frames_done, 20);
    EXPECT_EQ(progress.frames_total, 20);
    EXPECT_EQ(progress.seconds_left, 0.0);
}

TEST(Session, FramesOutliveSessionAndModel) {
    FramePtr kept;
    {
        Session session(std::make_shared<FakeModel>(), a_plan(20));
        Failure failure;
        ASSERT_EQ(session.read(-1, kept, failure), ZT_OK);
    }
    EXPECT_STREQ(kept->info.prompt, "fox");
    EXPECT_EQ(kept->info.data[0][0], 16);  // seed 0 is black
}

// A model that uses every core: its sessions take turns.
std::shared_ptr<const FakeModel> wide_model(zt::test::ChunkHook hook) {
    auto model = std::make_shared<FakeModel>(std::move(hook));
    model->change_limits().threads = 1 << 20;
    return model;
}

TEST(Session, TurnsAreTakenNotShared) {
    for (const int count : {3, 5}) {
        std::atomic<int> inside = 0, most = 0;
        const auto model = wide_model([&](int64_t, const auto&, const zt::Cancel&) {
            most = std::max(most.load(), ++inside);
            std::this_thread::yield();
            --inside;
        });
        std::vector<std::jthread> threads;
        for (int i = 0; i < count; ++i) {
            threads.emplace_back([&] {
                Session session(model, a_plan(80));
                const Outcome outcome = read_all(session);
                EXPECT_EQ(outcome.frames, 80);
                EXPECT_EQ(outcome.status, ZT_END);
            });
        }
        threads.clear();
        EXPECT_EQ(most, 1);
    }
}

TEST(Session, WhoWaitsForAReaderHoldsNoTurn) {
    Session paused(wide_model({}), a_plan(-1));
    Failure failure;
    FramePtr frame;
    ASSERT_EQ(paused.read(-1, frame, failure), ZT_OK);  // from now on its queue fills up
    Session other(wide_model({}), a_plan(800));
    EXPECT_EQ(read_all(other).frames, 800);
}

TEST(Session, CancelAndDestroyWhileAnotherHasTheTurn) {
    std::atomic<bool> inside = false, release = false;
    Session first(wide_model([&](int64_t, const auto&, const zt::Cancel&) {
                      inside = true;
                      while (!release) std::this_thread::yield();
                  }),
                  a_plan(8));
    while (!inside) std::this_thread::yield();
    const auto idle = wide_model([](int64_t, const auto&, const zt::Cancel&) { FAIL(); });
    {
        Session second(idle, a_plan(8));
        Failure failure;
        FramePtr frame;
        EXPECT_EQ(second.read(1000, frame, failure), ZT_AGAIN);
        EXPECT_EQ(second.set_prompt("owl"), 0);  // its first chunk has not begun
        second.cancel();
        EXPECT_EQ(read_all(second).status, ZT_ERROR_CANCELLED);
        const Session third(idle, a_plan(8));
    }
    release = true;
    EXPECT_EQ(read_all(first).frames, 8);
}

// One frame after the other from many sessions on one model, with changes and cancels in between.
TEST(Session, ManyThreadsOnOneModel) {
    const auto model = zt::families::testcard_family().load({});
    const auto seed = zt::test::test_seed();
    std::vector<std::jthread> threads;
    for (unsigned thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&, thread] {
            std::mt19937 random(seed + thread);
            for (int i = 0; i < 25; ++i) {
                Session session(model, a_plan(-1, static_cast<int>(random() % 3)));
                Failure failure;
                FramePtr frame;
                for (auto n = random() % 40; n > 0; --n) ASSERT_EQ(session.read(-1, frame, failure), ZT_OK);
                std::jthread other([&] {
                    (void)session.set_prompt("owl");
                    (void)session.progress();
                });
                ASSERT_EQ(session.read(-1, frame, failure), ZT_OK);
                if (random() % 2 == 0) session.cancel();
            }
        });
    }
}

std::shared_ptr<FakeModel> a_model_that_sounds() {
    auto model = std::make_shared<FakeModel>();
    model->change_limits().sample_rate = zt::test::kSampleRate;
    model->change_limits().channels = zt::test::kChannels;
    return model;
}

Plan a_plan_with_sound(int64_t frames, const char* prompt = "fox") {
    Plan plan = a_plan(frames);
    plan.generation.sound = true;
    plan.generation.first.prompt = prompt;
    return plan;
}

TEST(Session, FramesCarryTheSamplesOfTheirTime) {
    for (const int64_t start : {0, 5, 8}) {
        Plan plan = a_plan_with_sound(20);
        plan.start_frame = start;
        Session session(a_model_that_sounds(), plan);
        Failure failure;
        int64_t number = start;
        for (FramePtr frame; session.read(-1, frame, failure) == ZT_OK; ++number) {
            const zt_frame_info& info = frame->info;
            ASSERT_EQ(info.pts, number);
            EXPECT_EQ(info.sample_rate, 32000);
            EXPECT_EQ(info.channels, 2);
            EXPECT_EQ(info.first_sample, zt_samples_before(number, 32000, 24, 1));
            EXPECT_EQ(info.sample_count, zt_samples_before(number + 1, 32000, 24, 1) - info.first_sample);
            for (int64_t i = 0; i < 2 * info.sample_count; ++i)
                ASSERT_EQ(info.samples[i], static_cast<float>(2 * info.first_sample + i) / 16'777'216.0F);
        }
        EXPECT_EQ(number, 20);
    }
}

TEST(Session, WithoutSoundFramesCarryNone) {
    Session session(a_model_that_sounds(), a_plan(4));
    Failure failure;
    FramePtr frame;
    ASSERT_EQ(session.read(-1, frame, failure), ZT_OK);
    EXPECT_EQ(frame->info.samples, nullptr);
    EXPECT_EQ(frame->info.sample_rate, 0);
    EXPECT_EQ(frame->info.sample_count, 0);
}

TEST(Session, BrokenSoundEndsItBeforeAnyFrameOfThePiece) {
    Session few(a_model_that_sounds(), a_plan_with_sound(20, "too few samples"));
    Outcome outcome = read_all(few);
    EXPECT_EQ(outcome.status, ZT_ERROR_INTERNAL);
    EXPECT_EQ(outcome.frames, 0);
    EXPECT_EQ(outcome.message, "generation: expected 10667 samples in chunk 0, got 10666");
    Session broken(a_model_that_sounds(), a_plan_with_sound(20, "no number"));
    outcome = read_all(broken);
    EXPECT_EQ(outcome.status, ZT_ERROR_NUMERIC);
    EXPECT_EQ(outcome.frames, 0);
    EXPECT_EQ(outcome.message, "chunk 0: expected finite samples, got NaN or infinity");
}

TEST(Session, SamplesBeyondFullScaleAreClamped) {
    Session session(a_model_that_sounds(), a_plan_with_sound(4, "too loud"));
    Failure failure;
    FramePtr frame;
    ASSERT_EQ(session.read(-1, frame, failure), ZT_OK);
    EXPECT_EQ(frame->info.samples[0], 1.0F);
}

}  // namespace
