// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shipped model in several sessions at once: one copy of the weights, the same bytes as alone.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "core/sha256.h"
#include "pipeline/models.h"
#include "pipeline/plan.h"
#include "pipeline/session.h"

namespace {

using zt::pipeline::Session;

zt::pipeline::OpenedModel open_shipped() {
    const char* models = std::getenv("ZT_TEST_MODELS");
    zt::families::LoadOptions options;
    options.log = zt::make_log(nullptr, nullptr);
    return zt::pipeline::open_model(std::string(models ? models : "models") + "/storybook", options);
}

// A digest of two chunks and a bit of the prompt that belongs to the seed.
std::string clip(const zt::pipeline::OpenedModel& opened, int64_t seed) {
    static const char* const kPrompts[] = {"a red fox runs through the snow at night", "a blue fish jumps on the beach",
                                           "一只红色的狐狸在雪地里奔跑"};
    zt_request request{};
    request.struct_size = sizeof(request);
    request.prompt = kPrompts[seed % 3];
    request.seed = seed;
    request.frames = 26;
    request.guidance = -1;
    request.strength = 1;
    request.prefetch = static_cast<int>(seed % 3);
    Session session(opened.model, zt::pipeline::make_plan(request, *opened.model, zt::make_log(nullptr, nullptr)));
    zt::Sha256 digest;
    zt::Failure failure;
    int frames = 0;
    for (zt::pipeline::FramePtr frame; session.read(-1, frame, failure) == ZT_OK; ++frames) {
        const zt_frame_info& info = frame->info;
        for (int y = 0; y < info.height; ++y)
            digest.update(std::as_bytes(std::span(info.data[0] + info.stride[0] * y, static_cast<size_t>(info.width))));
    }
    EXPECT_EQ(frames, 26) << failure.message;
    return digest.finish();
}

TEST(StorybookSessions, AtOnceTheyGiveWhatEachGivesAlone) {
    const auto opened = open_shipped();
    std::vector<std::string> alone;
    for (int64_t seed = 0; seed < 5; ++seed) alone.push_back(clip(opened, seed));
    EXPECT_NE(alone[0], alone[3]);
    for (const size_t count : {size_t{3}, size_t{5}}) {
        std::vector<std::string> at_once(count);
        std::vector<std::jthread> threads;
        for (size_t i = 0; i < count; ++i) {
            threads.emplace_back([&, i] {
                const auto own = open_shipped();
                EXPECT_EQ(own.model, opened.model);  // the weights are in memory once
                at_once[i] = clip(own, static_cast<int64_t>(i));
            });
        }
        threads.clear();
        for (size_t i = 0; i < count; ++i) EXPECT_EQ(at_once[i], alone[i]) << i << " of " << count;
    }
}

}  // namespace
