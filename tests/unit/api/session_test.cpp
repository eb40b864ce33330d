// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sessions through the C API on the test card: counts, ends, cancel, frames that live on, same
// bytes.
#include <gtest/gtest.h>

#include <dirent.h>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>

#include "api/client.h"

namespace {

using namespace zt::test;

size_t entries(const char* folder) {
    size_t count = 0;
    DIR* open = opendir(folder);
    while (readdir(open) != nullptr) ++count;
    closedir(open);
    return count;
}

int64_t resident_kib() {
    int64_t pages = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return resident * 4;
}

TEST(ApiSession, TellsWhatTheRequestBecame) {
    const ModelPtr model = open_model();
    zt_request request = a_request();
    request.duration_us = 1'000'000;
    request.rate = {25, 1};
    const SessionPtr session = start(model, request);
    const zt_session_info* info = zt_session_get_info(session.get());
    EXPECT_EQ(info->width, 256);
    EXPECT_EQ(info->frames, 25);
    EXPECT_EQ(info->rate.num, 25);
    EXPECT_EQ(info->seed, 0);
    EXPECT_EQ(info->format, ZT_PIXEL_YUV420P);
}

TEST(ApiSession, GivesExactlyItsFramesThenTheEndForEver) {
    const ModelPtr model = open_model();
    zt_request request = a_request();
    request.frames = 31;
    const SessionPtr session = start(model, request);
    FramePtr frame;
    for (int64_t pts = 0; pts < 31; ++pts) {
        ASSERT_EQ(read(session, frame), ZT_OK);
        const zt_frame_info* info = zt_frame_get_info(frame.get());
        EXPECT_EQ(info->pts, pts);
        EXPECT_EQ(info->chunk, pts / 12);
        EXPECT_EQ(info->chunk_start, pts % 12 == 0 ? 1 : 0);
        EXPECT_STREQ(info->prompt, "a red fox");
        EXPECT_EQ(std::strlen(info->prompt_sha256), 64U);
    }
    EXPECT_EQ(read(session, frame), ZT_END);
    EXPECT_EQ(frame, nullptr);
    EXPECT_EQ(read(session, frame, 0), ZT_END);
    zt_session_cancel(session.get());
    EXPECT_EQ(read(session, frame), ZT_END);
}

TEST(ApiSession, CancelIsHeardOnceAndForAll) {
    const ModelPtr model = open_model();
    zt_request request = a_request();
    request.frames = -1;
    const SessionPtr session = start(model, request);
    FramePtr frame;
    ASSERT_EQ(read(session, frame), ZT_OK);
    zt_session_cancel(session.get());
    zt_session_cancel(session.get());
    zt_error error = ZT_ERROR_INIT;
    EXPECT_EQ(read(session, frame, -1, &error), ZT_ERROR_CANCELLED);
    EXPECT_STREQ(error.message, "session: cancelled");
    EXPECT_EQ(read(session, frame, 0), ZT_ERROR_CANCELLED);
}

TEST(ApiSession, CancelInterruptsASlowChunk) {
    zt_model_params params = testcard_params();
    params.engine_opts = "delay_ms=60000";
    const ModelPtr model = open_model(params);
    const SessionPtr session = start(model);
    FramePtr frame;
    EXPECT_EQ(read(session, frame, 1000), ZT_AGAIN);
    const auto began = std::chrono::steady_clock::now();
    std::jthread other([&] { zt_session_cancel(session.get()); });
    EXPECT_EQ(read(session, frame), ZT_ERROR_CANCELLED);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST(ApiSession, CallbacksMayCallBackButNotDestroy) {
    struct Host {
        zt_model* model;
        std::atomic<int> lines = 0;
        zt_status status = ZT_ERROR_INTERNAL;
    } host;
    const ModelPtr model = open_model();
    host.model = model.get();
    zt_request request = a_request();
    request.seed = -1;  // logs a line from this thread
    request.log_opaque = &host;
    request.log = [](void* opaque, zt_log_level, const char*) {
        auto* self = static_cast<Host*>(opaque);
        ++self->lines;
        const zt_request inner = a_request();
        zt_session* session = nullptr;
        self->status = zt_session_create(self->model, &inner, &session, nullptr);
        zt_session_destroy(&session);
    };
    (void)start(model, request);
    EXPECT_EQ(host.lines, 1);
    EXPECT_EQ(host.status, ZT_OK);
}

TEST(ApiSession, NanBecomesAnErrorAndNoFrame) {
    zt_model_params params = testcard_params();
    params.engine_opts = "nan_frame=20";
    const ModelPtr model = open_model(params);
    const SessionPtr session = start(model);
    FramePtr frame;
    zt_error error = ZT_ERROR_INIT;
    int64_t frames = 0;
    while (read(session, frame, -1, &error) == ZT_OK) ++frames;
    EXPECT_EQ(frames, 12);  // the chunk before it
    EXPECT_EQ(error.status, ZT_ERROR_NUMERIC);
    EXPECT_STREQ(error.message, "chunk 1: expected finite pixels, got NaN or infinity");
}

TEST(ApiSession, FramesOutliveSessionAndModelAndBelongToTheHost) {
    FramePtr kept, twin;
    {
        ModelPtr model = open_model();
        const SessionPtr session = start(model);
        ASSERT_EQ(read(session, kept), ZT_OK);
        const SessionPtr second = start(model);
        ASSERT_EQ(read(second, twin), ZT_OK);
        model.reset();
        FramePtr next;  // the session holds what it needs of the model
        ASSERT_EQ(read(session, next), ZT_OK);
    }
    EXPECT_EQ(content(kept), content(twin));
    const zt_frame_info* info = zt_frame_get_info(kept.get());
    for (int y = 0; y < info->height; ++y)
        std::memset(info->data[0] + info->stride[0] * y, 0, static_cast<size_t>(info->stride[0]));
    EXPECT_NE(content(kept), content(twin));
    zt_frame* second = zt_frame_ref(kept.get());
    kept.reset();
    EXPECT_STREQ(zt_frame_get_info(second)->prompt, "a red fox");
    zt_frame_unref(&second);
    EXPECT_EQ(second, nullptr);
}

TEST(ApiSession, SameRequestSameBytes) {
    const ModelPtr model = open_model();
    zt_request request = a_request();
    const std::string reference = clip(model, request);
    for (int prefetch = 0; prefetch <= 4; ++prefetch) {
        request.prefetch = prefetch;
        EXPECT_EQ(clip(model, request), reference) << prefetch;
    }
    request.seed = 1;
    EXPECT_NE(clip(model, request), reference);
}

TEST(ApiSession, HostsFloatingPointSettingsDoNotReachThePixels) {
    const ModelPtr model = open_model();
    const std::string reference = clip(model);
    std::fenv_t before;
    std::fegetenv(&before);
    std::fesetround(FE_UPWARD);
    const std::string upward = clip(model);
    std::fesetenv(&before);
    EXPECT_EQ(upward, reference);
}

TEST(ApiSession, AtOnceEqualsOneAfterTheOther) {
    const ModelPtr model = open_model();
    for (const size_t count : {size_t{2}, size_t{3}, size_t{5}}) {
        std::vector<std::string> alone(count), at_once(count);
        const auto play = [&](size_t i) {
            zt_request request = a_request();
            request.seed = static_cast<int64_t>(i);
            request.frames = 40;
            request.width = 64, request.height = 36;
            return clip(model, request);
        };
        for (size_t i = 0; i < count; ++i) alone[i] = play(i);
        {
            std::vector<std::jthread> threads;
            for (size_t i = 0; i < count; ++i) threads.emplace_back([&, i] { at_once[i] = play(i); });
        }
        EXPECT_EQ(at_once, alone);
    }
}

TEST(ApiSession, PromptChangesWhileRunning) {
    const ModelPtr model = open_model();
    zt_request request = a_request();
    request.frames = 144;
    const SessionPtr session = start(model, request);
    FramePtr frame;
    for (int i = 0; i < 30; ++i) ASSERT_EQ(read(session, frame), ZT_OK);
    int64_t first = -7;
    zt_error error = ZT_ERROR_INIT;
    EXPECT_EQ(zt_session_set_prompt(session.get(), "\xFF", &first, &error), ZT_ERROR_PROMPT);
    EXPECT_EQ(first, -7);
    ASSERT_EQ(zt_session_set_prompt(session.get(), "a blue owl", &first, &error), ZT_OK);
    EXPECT_LE(first, 48);
    EXPECT_EQ(zt_session_set_option(session.get(), "steps", "3", nullptr, &error), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(zt_session_set_option(session.get(), "guidance", "1,5", nullptr, &error), ZT_ERROR_ARGUMENT);
    for (int64_t pts = 30; pts < 144; ++pts) {
        ASSERT_EQ(read(session, frame), ZT_OK);
        EXPECT_STREQ(zt_frame_get_info(frame.get())->prompt, pts < first ? "a red fox" : "a blue owl") << pts;
    }
    EXPECT_EQ(read(session, frame), ZT_END);
    EXPECT_EQ(zt_session_set_prompt(session.get(), "too late", &first, &error), ZT_END);
    EXPECT_EQ(first, -1);
}

TEST(ApiSession, ANegativePromptIsNoPrompt) {
    const ModelPtr model = open_model();
    zt_request request = a_request();
    request.frames = 48;
    const SessionPtr session = start(model, request);
    FramePtr frame;
    ASSERT_EQ(read(session, frame), ZT_OK);
    zt_error error = ZT_ERROR_INIT;
    EXPECT_EQ(zt_session_set_option(session.get(), "negative_prompt", "rain", nullptr, &error), ZT_ERROR_UNSUPPORTED);
    EXPECT_EQ(std::string(error.message).rfind("negative_prompt: expected none", 0), 0U) << error.message;
    while (read(session, frame) == ZT_OK) EXPECT_STREQ(zt_frame_get_info(frame.get())->prompt, "a red fox");
}

// What a host that changes prompts while it reads was told, and what it saw.
struct Steered {
    struct Change {
        std::string prompt;
        int64_t first_frame;  // as promised
        int64_t chunk;        // being read, or about to be, when the promise was there
    };
    std::vector<Change> changes;
    std::vector<std::string> prompts;  // of frame 0, 1 ...
};

// `count` changes on one thread, frames read on another, options and progress on a third.
Steered steer(int prefetch, int count) {
    const ModelPtr model = open_model();
    zt_request request = a_request();
    request.frames = -1;
    request.width = 64, request.height = 36;
    request.prefetch = prefetch;
    const SessionPtr session = start(model, request);
    Steered steered;
    std::atomic<int64_t> read_frames = 0, last_change = INT64_MAX;
    std::jthread changer([&] {
        for (int i = 0; i < count; ++i) {
            const std::string prompt = "prompt " + std::to_string(i);
            int64_t first = -1;
            EXPECT_EQ(zt_session_set_prompt(session.get(), prompt.c_str(), &first, nullptr), ZT_OK);
            const int64_t read = read_frames;
            steered.changes.push_back({prompt, first, read / 12});
            // Every other one follows at once, the others after a frame or more.
            while (i % 2 == 0 && read_frames == read) std::this_thread::yield();
        }
        last_change = steered.changes.back().first_frame;
    });
    std::jthread asker([&](const std::stop_token& stop) {
        for (int i = 0; !stop.stop_requested(); ++i) {
            zt_progress progress{};
            progress.struct_size = sizeof(progress);
            EXPECT_EQ(zt_session_get_progress(session.get(), &progress), ZT_OK);
            EXPECT_EQ(zt_session_set_option(session.get(), "seed", std::to_string(i).c_str(), nullptr, nullptr), ZT_OK);
            std::this_thread::yield();
        }
    });
    for (FramePtr frame; read_frames <= last_change; ++read_frames) {
        EXPECT_EQ(read(session, frame), ZT_OK);
        steered.prompts.emplace_back(zt_frame_get_info(frame.get())->prompt);
    }
    return steered;
}

TEST(ApiSession, AThousandPromptChangesAreEachObeyedWhenPromisedAndNeverStale) {
    for (const int prefetch : {0, 1, 4}) {
        const Steered steered = steer(prefetch, 1000);
        size_t next = 0;
        std::string wanted = "a red fox";
        for (size_t pts = 0; pts < steered.prompts.size(); ++pts) {
            for (; next < 1000 && steered.changes[next].first_frame <= static_cast<int64_t>(pts); ++next)
                wanted = steered.changes[next].prompt;
            ASSERT_EQ(steered.prompts[pts], wanted) << pts << " prefetch " << prefetch;
        }
        EXPECT_EQ(next, 1000U);
        // Played before it: what was left of the chunk being read, and the chunks made or begun.
        for (const Steered::Change& change : steered.changes)
            ASSERT_LE(change.first_frame, 12 * (change.chunk + 1 + std::max(prefetch, 1)));
    }
}

TEST(ApiSession, NoPromptIsPromisedAFrameBehindTheEnd) {
    const ModelPtr model = open_model();
    zt_request request = a_request();
    request.frames = 24;
    request.prefetch = 4;  // all chunks begin without a reader
    for (int round = 0; round < 20; ++round) {
        const SessionPtr session = start(model, request);
        FramePtr frame;
        int64_t first = -1;
        for (zt_status status = ZT_OK; status == ZT_OK;) {
            status = zt_session_set_prompt(session.get(), "a blue owl", &first, nullptr);
            ASSERT_LT(first, 24);
        }
        EXPECT_EQ(first, -1);
        for (int pts = 0; pts < 24; ++pts) ASSERT_EQ(read(session, frame), ZT_OK);
    }
}

// A picture of the frames' size, in RGB, and what of it arrives where no mark is drawn.
struct GivenPicture {
    std::vector<uint8_t> rgb = std::vector<uint8_t>(size_t{64} * 48 * 3);
    zt_image image;
    zt_request request = a_request();

    GivenPicture() {
        for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<uint8_t>(i * 7 + i / 192);
        zt_image_init(&image);
        image.role = ZT_IMAGE_FIRST;
        image.format = ZT_PIXEL_RGB24;
        image.width = 64;
        image.height = 48;
        image.data[0] = rgb.data();
        image.stride[0] = 192;
        request.images = &image;
        request.image_count = 1;
        request.width = 64;
        request.height = 48;
        request.frames = 12;
        request.format = ZT_PIXEL_RGB24;
    }
    // Rows above the counter that are all picture.
    [[nodiscard]] int whole_rows(const FramePtr& frame) const {
        const zt_frame_info* info = zt_frame_get_info(frame.get());
        int rows = 0;
        for (int y = 0; y < 42; ++y)
            rows += std::memcmp(info->data[0] + info->stride[0] * y, &rgb[size_t{192} * y], 192) == 0;
        return rows;
    }
};

TEST(ApiSession, APictureArrivesByteForByte) {
    const ModelPtr model = open_model();
    EXPECT_EQ(zt_model_get_info(model.get())->first_image, ZT_USE_OPTIONAL);
    GivenPicture given;
    SessionPtr session = start(model, given.request);
    const std::vector<uint8_t> kept = given.rgb;
    std::fill(given.rgb.begin(), given.rgb.end(), uint8_t{0});  // borrowed only until create returns
    FramePtr frame;
    ASSERT_EQ(read(session, frame), ZT_OK);
    given.rgb = kept;
    EXPECT_EQ(given.whole_rows(frame), 42 - 10);  // the square is 10 rows high
    // Not there without it, and weaker with less strength.
    given.request.image_count = 0;
    session = start(model, given.request);
    ASSERT_EQ(read(session, frame), ZT_OK);
    EXPECT_EQ(given.whole_rows(frame), 0);
    given.request.image_count = 1;
    given.request.strength = 0.5;
    session = start(model, given.request);
    ASSERT_EQ(read(session, frame), ZT_OK);
    EXPECT_EQ(given.whole_rows(frame), 0);
    EXPECT_EQ(zt_session_set_option(session.get(), "strength", "1.5", nullptr, nullptr), ZT_ERROR_ARGUMENT);
}

TEST(ApiSession, StrengthChangesWhileRunning) {
    const ModelPtr model = open_model();
    GivenPicture given;
    given.request.frames = 60;
    given.request.prefetch = 0;
    given.request.strength = 0.0;
    const SessionPtr session = start(model, given.request);
    int64_t first = 0;
    FramePtr frame;
    ASSERT_EQ(read(session, frame), ZT_OK);
    ASSERT_EQ(zt_session_set_option(session.get(), "strength", "1", &first, nullptr), ZT_OK);
    for (int64_t pts = 1; pts < 60; ++pts) {
        ASSERT_EQ(read(session, frame), ZT_OK);
        EXPECT_EQ(given.whole_rows(frame) > 0, pts >= first) << pts;
    }
}

// Every pixel of a request's frames, one after the other.
std::vector<std::vector<uint8_t>> all_frames(const ModelPtr& model, const zt_request& request) {
    const SessionPtr session = start(model, request);
    std::vector<std::vector<uint8_t>> frames;
    for (FramePtr frame; read(session, frame) == ZT_OK;) {
        const zt_frame_info* info = zt_frame_get_info(frame.get());
        std::vector<uint8_t>& bytes = frames.emplace_back();
        for (int y = 0; y < 48; ++y) {
            const uint8_t* row = info->data[0] + info->stride[0] * y;
            bytes.insert(bytes.end(), row, row + 192);
        }
    }
    return frames;
}

TEST(ApiSession, AMaskKeepsItsBlackPartAndNothingElse) {
    const ModelPtr model = open_model();
    EXPECT_EQ(zt_model_get_info(model.get())->mask_image, ZT_USE_OPTIONAL);
    GivenPicture given;
    given.request.strength = 0.0;  // all that is seen moves
    const auto moving = all_frames(model, given.request);
    // White, two greys and black, 16 columns of each.
    std::vector<uint8_t> levels(size_t{64} * 48 * 3);
    constexpr uint8_t kColumns[] = {255, 51, 102, 0};
    for (size_t i = 0; i < levels.size(); ++i) levels[i] = kColumns[i / 3 % 64 / 16];
    zt_image images[] = {given.image, given.image};
    images[1].role = ZT_IMAGE_MASK;
    images[1].data[0] = levels.data();
    given.request.images = images;
    given.request.image_count = 2;
    const auto masked = all_frames(model, given.request);
    ASSERT_EQ(masked.size(), moving.size());
    for (size_t f = 0; f < masked.size(); ++f) {
        for (size_t i = 0; i < levels.size(); ++i) {
            const int made = moving[f][i], still = given.rgb[i], level = levels[i];
            const double wanted = still + (made - still) * level / 255.0;
            const double off = level == 0 || level == 255 ? 0.0 : 0.501;
            ASSERT_NEAR(masked[f][i], wanted, off) << f << " " << i;
        }
    }
    EXPECT_NE(masked[0], masked[1]);
}

TEST(ApiSession, HistoryAndALastPicture) {
    const ModelPtr model = open_model();
    EXPECT_EQ(zt_model_get_info(model.get())->history_images, 16);
    GivenPicture given;
    const auto animated = all_frames(model, given.request);
    // The test card goes on from the newest frame.
    const std::vector<uint8_t> grey(given.rgb.size(), 128);
    zt_image images[] = {given.image, given.image};
    images[0].role = images[1].role = ZT_IMAGE_HISTORY;
    images[0].data[0] = grey.data();
    given.request.images = images;
    given.request.image_count = 2;
    EXPECT_EQ(all_frames(model, given.request), animated);
    // From the first to the last, which is all there in the last frame.
    images[0].role = ZT_IMAGE_LAST;
    images[1].role = ZT_IMAGE_FIRST;
    const auto between = all_frames(model, given.request);
    EXPECT_EQ(between.front(), animated.front());
    EXPECT_NE(between[6], animated[6]);
    FramePtr frame;
    const SessionPtr session = start(model, given.request);
    while (read(session, frame) == ZT_OK)
        if (zt_frame_get_info(frame.get())->pts == 11) break;
    const std::vector<uint8_t> picture = std::exchange(given.rgb, grey);
    EXPECT_EQ(given.whole_rows(frame), 32);
    given.rgb = picture;
    given.request.frames = -1;
    zt_session* endless = nullptr;
    zt_error error = ZT_ERROR_INIT;
    EXPECT_EQ(zt_session_create(model.get(), &given.request, &endless, &error), ZT_ERROR_ARGUMENT);
    EXPECT_STREQ(error.message, "last image: expected a clip that has an end, got frames -1");
}

TEST(ApiSession, PicturesOfOlderAndNewerClients) {
    const ModelPtr model = open_model();
    GivenPicture given;
    given.image.struct_size = offsetof(zt_image, matrix);
    std::memset(&given.image.matrix, 0x7F, sizeof(zt_matrix));  // it never wrote that
    (void)start(model, given.request);
    struct Newer {
        zt_image ours;
        uint64_t later;
    } newer = {given.image, 1};
    newer.ours.matrix = ZT_MATRIX_DEFAULT;
    newer.ours.struct_size = sizeof(newer);
    given.request.images = &newer.ours;
    zt_session* session = nullptr;
    EXPECT_EQ(zt_session_create(model.get(), &given.request, &session, nullptr), ZT_ERROR_UNSUPPORTED);
    newer.later = 0;
    (void)start(model, given.request);
}

TEST(ApiSession, PlanTellsWithoutPixels) {
    const ModelPtr model = open_model();
    GivenPicture given;
    given.image.data[0] = nullptr;
    given.request.seed = -1;
    zt_session_info info = {};
    info.struct_size = offsetof(zt_session_info, format);
    info.format = ZT_PIXEL_GBRP16;
    zt_error error = ZT_ERROR_INIT;
    ASSERT_EQ(zt_session_plan(model.get(), &given.request, &info, &error), ZT_OK) << error.message;
    EXPECT_EQ(info.width, 64);
    EXPECT_EQ(info.frames, 12);
    EXPECT_EQ(info.seed, -1);
    EXPECT_EQ(info.format, ZT_PIXEL_GBRP16);  // past the client's struct
    given.request.frames = -2;
    EXPECT_EQ(zt_session_plan(model.get(), &given.request, &info, &error), ZT_ERROR_ARGUMENT);

    zt_model_params params = testcard_params();
    params.engine_opts = "image=never";
    const ModelPtr blind = open_model(params);
    given.request.frames = 12;
    EXPECT_EQ(zt_session_plan(blind.get(), &given.request, &info, &error), ZT_ERROR_UNSUPPORTED);
    EXPECT_STREQ(error.message, "image: expected none (this model takes no picture), got 1");
}

TEST(ApiSession, OlderClientsProgressIsNotOverwritten) {
    const ModelPtr model = open_model();
    const SessionPtr session = start(model);
    zt_progress progress = {};
    progress.struct_size = offsetof(zt_progress, seconds_left);
    progress.seconds_left = 42.0;
    EXPECT_EQ(zt_session_get_progress(session.get(), &progress), ZT_OK);
    EXPECT_NE(progress.stage, nullptr);
    EXPECT_EQ(progress.frames_total, 144);
    EXPECT_EQ(progress.seconds_left, 42.0);
}

TEST(ApiSession, NothingPilesUp) {
    const ModelPtr model = open_model();
    zt_request request = a_request();
    request.frames = 12;
    (void)clip(model, request);
    const size_t threads = entries("/proc/self/task"), files = entries("/proc/self/fd");
    for (int i = 0; i < 100; ++i) (void)clip(model, request);
    const int64_t after_first_third = resident_kib();
    for (int i = 0; i < 200; ++i) (void)clip(model, request);
    EXPECT_LT(resident_kib() - after_first_third, 2048) << "KiB";
    EXPECT_EQ(entries("/proc/self/task"), threads);
    EXPECT_EQ(entries("/proc/self/fd"), files);
}

}  // namespace
