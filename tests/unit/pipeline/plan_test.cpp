// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Requests become plans, or errors that name the option (pipeline/plan.h).
#include "pipeline/plan.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "core/utf8.h"
#include "pipeline/fake_model.h"

namespace {

using zt::pipeline::make_plan;
using zt::pipeline::Plan;
using zt::test::FakeModel;

zt_request a_request() {
    zt_request request;
    // zt_request_init lives in api/, which this program does not link.
    request = {};
    request.struct_size = sizeof(request);
    request.guidance = -1;
    request.prefetch = 1;
    request.prompt = "a red fox";
    return request;
}

Plan plan_of(const zt_request& request, const FakeModel& model = FakeModel()) {
    return make_plan(request, model, zt::make_log(nullptr, nullptr));
}

// The sentence and status a request is refused with; "accepted" if it is not.
std::string refusal(const std::function<void(zt_request&)>& edit, zt_status expected = ZT_ERROR_ARGUMENT) {
    zt_request request = a_request();
    edit(request);
    try {
        (void)plan_of(request);
    } catch (const zt::Error& error) {
        EXPECT_EQ(error.status(), expected) << error.what();
        return error.what();
    }
    return "accepted";
}

// The same of a request and a model that are there.
std::string refusal_of(const zt_request& request, const FakeModel& model) {
    try {
        (void)plan_of(request, model);
    } catch (const zt::Error& error) {
        return error.what();
    }
    return "accepted";
}

TEST(Plan, FillsInTheModelsDefaults) {
    const Plan plan = plan_of(a_request());
    EXPECT_EQ(plan.generation.width, 16);
    EXPECT_EQ(plan.generation.rate.num, 24);
    EXPECT_EQ(plan.generation.frames, 20);
    EXPECT_EQ(plan.generation.steps, 3);
    EXPECT_EQ(plan.generation.first.guidance, 2.5);
    EXPECT_EQ(plan.format, ZT_PIXEL_YUV420P);
}

TEST(Plan, NamesTheNearestSize) {
    EXPECT_EQ(refusal([](auto& r) {
                  r.width = 40;
                  r.height = 16;
              }),
              "size: expected a multiple of 16 between 16x16 and 64x64, got 40x16; nearest is 32x16");
    EXPECT_EQ(refusal([](auto& r) {
                  r.width = 4000;
                  r.height = 60;
              }),
              "size: expected a multiple of 16 between 16x16 and 64x64, got 4000x60; nearest is 64x64");
    EXPECT_EQ(refusal([](auto& r) { r.width = 32; }), "size: expected width and height, or neither, got 32x0");
    EXPECT_NE(refusal([](auto& r) { r.width = r.height = 4096; }).find("at most 4096x2160"), std::string::npos);
    EXPECT_NE(refusal([](auto& r) {
                  r.width = -16;
                  r.height = 16;
              }),
              "accepted");
    EXPECT_NE(refusal([](auto& r) {
                  r.width = std::numeric_limits<int>::max();
                  r.height = 2;
              }),
              "accepted");
}

TEST(Plan, NamesTheOnlySize) {
    FakeModel model;
    model.change_limits().max_width = model.change_limits().max_height = 16;
    zt_request request = a_request();
    request.width = request.height = 32;
    try {
        (void)plan_of(request, model);
        FAIL();
    } catch (const zt::Error& error) {
        EXPECT_STREQ(error.what(), "size: expected 16x16 (the model's only size), got 32x32");
    }
}

TEST(Plan, NamesTheNearestRate) {
    EXPECT_EQ(refusal([](auto& r) { r.rate = {60, 1}; }), "rate: expected one of 24 25, got 60; nearest is 25");
    for (const zt_rational wrong :
         {zt_rational{0, 1}, {1, 0}, {-24, 1}, {24, -1}, {241, 1}, {1, 11}, {2000000, 83333}}) {
        EXPECT_NE(refusal([&](auto& r) { r.rate = wrong; }).find("rate: expected"), std::string::npos) << wrong.num;
    }
    zt_request request = a_request();
    request.rate = {50, 2};
    EXPECT_EQ(plan_of(request).generation.rate.num, 25);
}

TEST(Plan, FramesStayOnTheGrid) {
    EXPECT_EQ(refusal([](auto& r) { r.frames = 21; }), "frames: expected 4*k+0, got 21; nearest is 20");
    EXPECT_EQ(refusal([](auto& r) { r.frames = 23; }), "frames: expected 4*k+0, got 23; nearest is 24");
    EXPECT_EQ(refusal([](auto& r) { r.frames = 1; }), "frames: expected 4*k+0, got 1; nearest is 4");
    EXPECT_NE(refusal([](auto& r) { r.frames = -2; }), "accepted");
    EXPECT_NE(refusal([](auto& r) { r.frames = int64_t{1} << 31; }), "accepted");
    EXPECT_EQ(refusal([](auto& r) { r.frames = -1; }), "accepted");
    EXPECT_EQ(refusal([](auto& r) {
                  r.frames = 4;
                  r.duration_us = 1;
              }),
              "frames: expected frames or duration, got both");
}

TEST(Plan, TheDefaultLengthIsATimeWhereMotionKeepsItsSpeed) {
    FakeModel model;
    zt::families::Limits& limits = model.change_limits();
    limits.rates = {{24, 1}, {24000, 1001}, {25, 1}, {30000, 1001}, {30, 1}, {50, 1}, {60, 1}};
    limits.default_frames = 144, limits.frames_step = 1;
    for (const bool keeps : {true, false}) {
        limits.keeps_time = keeps;
        const int64_t expected[] = {144, 144, 150, 180, 180, 300, 360};
        for (size_t i = 0; i < limits.rates.size(); ++i) {
            zt_request request = a_request();
            request.frames = 0;
            request.rate = limits.rates[i];
            EXPECT_EQ(plan_of(request, model).generation.frames, keeps ? expected[i] : 144) << i;
        }
    }
}

TEST(Plan, DurationBecomesFramesAndSaysSo) {
    FakeModel single;
    single.change_limits().frames_step = 1;
    const auto frames_and_log = [&](int64_t duration_us, const FakeModel& model) {
        zt_request request = a_request();
        request.duration_us = duration_us;
        std::string logged;
        const Plan plan = make_plan(request, model, [&](zt_log_level, const std::string& line) { logged = line; });
        return std::to_string(plan.generation.frames) + logged;
    };
    EXPECT_EQ(frames_and_log(1'000'000, FakeModel()), "24");
    EXPECT_EQ(frames_and_log(999'999, FakeModel()), "24");
    EXPECT_EQ(frames_and_log(1'000'001, FakeModel()), "24");
    EXPECT_EQ(frames_and_log(5'166'666, single), "124");
    EXPECT_EQ(frames_and_log(5'166'667, single), "124");
    EXPECT_EQ(frames_and_log(41'666, single), "1");
    EXPECT_EQ(frames_and_log(5'100'000, single), "123duration: rounded up to 123 frames at 24 frames per second");
    EXPECT_EQ(frames_and_log(1, single), "1duration: rounded up to 1 frame at 24 frames per second");
    // 4 frames at a time: 21.6 frames become 22 and the model's next length below.
    EXPECT_EQ(frames_and_log(900'000, FakeModel()), "20duration: rounded down to 20 frames at 24 frames per second");
    EXPECT_EQ(frames_and_log(910'000, single), "22duration: rounded up to 22 frames at 24 frames per second");
    EXPECT_EQ(refusal([](auto& r) { r.duration_us = 100'000; }),
              "duration: expected at least 4 frames at 24 frames per second, got 100000 us");
    EXPECT_NE(refusal([](auto& r) { r.duration_us = int64_t{25} * 3600 * 1'000'000; }), "accepted");
    EXPECT_NE(refusal([](auto& r) { r.duration_us = std::numeric_limits<int64_t>::max(); }), "accepted");
}

TEST(Plan, ModelsWithAnEndRefuseEndless) {
    FakeModel model;
    model.change_limits().endless = false;
    zt_request request = a_request();
    request.duration_us = -1;
    EXPECT_THROW((void)plan_of(request, model), zt::Error);
}

TEST(Plan, PromptsAreCheckedStrictly) {
    const std::string longest(16384, 'x'), longer(16385, 'x');
    EXPECT_EQ(refusal([&](auto& r) { r.prompt = longest.c_str(); }, ZT_ERROR_PROMPT), "accepted");
    EXPECT_EQ(refusal([&](auto& r) { r.prompt = longer.c_str(); }, ZT_ERROR_PROMPT),
              "prompt: expected at most 16384 bytes, got 16385");
    EXPECT_EQ(refusal([](auto& r) { r.prompt = ""; }, ZT_ERROR_PROMPT), "prompt: expected 1 to 16384 bytes, got 0");
    EXPECT_EQ(refusal([](auto& r) { r.prompt = nullptr; }, ZT_ERROR_PROMPT),
              "prompt: expected one of prompt, prompt_file, storyboard, got none");
    EXPECT_EQ(refusal([](auto& r) { r.prompt = "fox \xC3"; }, ZT_ERROR_PROMPT),
              "prompt: expected UTF-8, got byte 0xC3 at 4");
    EXPECT_EQ(refusal([](auto& r) { r.prompt = "\x1b[31mfox"; }, ZT_ERROR_PROMPT),
              "prompt: expected no control characters, got control character U+001B at 0");
    EXPECT_NE(refusal([](auto& r) { r.prompt_file = "x"; }).find("got prompt and prompt_file"), std::string::npos);
    EXPECT_NE(refusal([](auto& r) { r.prompt = "refused"; }, ZT_ERROR_PROMPT),
              "accepted");  // the model's own check
}

TEST(Plan, PromptFileIsReadWithoutItsFrame) {
    const std::string path = testing::TempDir() + "zt-plan-prompt.txt";
    std::ofstream(path, std::ios::binary) << "\xEF\xBB\xBF  一只红色的狐狸\r\nruns\n\n";
    zt_request request = a_request();
    request.prompt = nullptr;
    request.prompt_file = path.c_str();
    EXPECT_EQ(plan_of(request).generation.first.prompt, "一只红色的狐狸\nruns");
    std::ofstream(path, std::ios::binary) << std::string(65537, 'x');
    EXPECT_THROW((void)plan_of(request), zt::Error);
    request.prompt_file = "/nonexistent/prompt.txt";
    EXPECT_THROW((void)plan_of(request), zt::Error);
}

TEST(Plan, NumbersOutsideTheirRangeAreRefused) {
    const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
    for (const int wrong : {-1, 1001, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()})
        EXPECT_NE(refusal([&](auto& r) { r.steps = wrong; }), "accepted") << wrong;
    for (const double wrong : {-0.5, -2.0, 100.5, nan, inf, -inf}) {
        EXPECT_NE(refusal([&](auto& r) { r.guidance = wrong; }), "accepted") << wrong;
        EXPECT_NE(refusal([&](auto& r) { r.flow_shift = wrong; }), "accepted") << wrong;
    }
    for (const int wrong : {-1, 5}) EXPECT_NE(refusal([&](auto& r) { r.prefetch = wrong; }), "accepted") << wrong;
    for (const int64_t wrong : {int64_t{-1}, int64_t{20}})
        EXPECT_NE(refusal([&](auto& r) { r.start_frame = wrong; }), "accepted") << wrong;
    EXPECT_NE(refusal([](auto& r) { r.seed = -2; }), "accepted");
    EXPECT_NE(refusal([](auto& r) { r.format = static_cast<zt_pixel_format>(15); }), "accepted");
    EXPECT_NE(refusal([](auto& r) { r.sei = 2; }), "accepted");
}

TEST(Plan, WhatThisVersionCannotDoIsNamed) {
    EXPECT_EQ(refusal([](auto& r) { r.negative_prompt = "rain"; }, ZT_ERROR_UNSUPPORTED).rfind("negative_prompt:", 0),
              0U);
    EXPECT_EQ(refusal([](auto& r) { r.enhance = 1; }, ZT_ERROR_UNSUPPORTED),
              "enhance: expected 0 (this model has no form of its own), got 1");
    // Who asks for an alpha does not get opaque frames.
    EXPECT_EQ(refusal([](auto& r) { r.format = ZT_PIXEL_RGBA; }, ZT_ERROR_UNSUPPORTED),
              "format: expected one without alpha (only cutout=1 makes an alpha channel), got rgba");
    EXPECT_EQ(refusal([](auto& r) { r.format = ZT_PIXEL_RGBA64; }, ZT_ERROR_UNSUPPORTED),
              "format: expected one without alpha (only cutout=1 makes an alpha channel), got rgba64");
    EXPECT_EQ(refusal([](auto& r) { r.cutout = 1; }, ZT_ERROR_UNSUPPORTED),
              "cutout: expected 0 (this model has no subject apart from its backdrop), got 1");
    EXPECT_EQ(refusal([](auto& r) { r.cutout = 2; }), "cutout: expected 0 to 1, got 2");
}

TEST(Plan, ACutoutIsForModelsThatCan) {
    FakeModel model;
    model.change_limits().cutout = true;
    zt_request request = a_request();
    EXPECT_FALSE(plan_of(request, model).generation.cutout);
    request.cutout = 1;
    for (const zt_pixel_format format : {ZT_PIXEL_DEFAULT, ZT_PIXEL_YUV444P10, ZT_PIXEL_GBRP16, ZT_PIXEL_RGBA64}) {
        request.format = format;
        EXPECT_TRUE(plan_of(request, model).generation.cutout) << format;
    }
    request.format = ZT_PIXEL_RGB24;
    EXPECT_EQ(refusal_of(request, model), "format: expected one with a place for alpha with cutout=1, got rgb24");
    // The mask would show the backdrop.
    model.change_limits().first_image = ZT_USE_OPTIONAL;
    const uint8_t pixel[3] = {1, 2, 3};
    zt_image images[2]{};
    for (zt_image& image : images) {
        image.struct_size = sizeof(image);
        image.format = ZT_PIXEL_RGB24, image.width = image.height = 1;
        image.data[0] = pixel, image.stride[0] = 3;
    }
    images[0].role = ZT_IMAGE_FIRST, images[1].role = ZT_IMAGE_MASK;
    request.format = ZT_PIXEL_DEFAULT, request.images = images, request.image_count = 2;
    EXPECT_EQ(refusal_of(request, model), "cutout: expected 0 beside a mask, got 1");
}

TEST(Plan, SoundIsForModelsThatAreNotMute) {
    EXPECT_EQ(refusal([](auto& r) { r.sound = 1; }, ZT_ERROR_UNSUPPORTED),
              "sound: expected 0 (this model is mute), got 1");
    EXPECT_EQ(refusal([](auto& r) { r.sound = 2; }), "sound: expected 0 to 1, got 2");
    FakeModel able;
    able.change_limits().sample_rate = 32000;
    able.change_limits().channels = 2;
    zt_request request = a_request();
    EXPECT_FALSE(plan_of(request, able).generation.sound);
    request.sound = 1;
    EXPECT_TRUE(plan_of(request, able).generation.sound);
}

TEST(Plan, LoopMotionAndTempoAreForModelsThatCan) {
    FakeModel able;
    able.change_limits().loop = able.change_limits().motion = true;
    zt_request request = a_request();  // zero, as a host says that does not know the fields
    Plan plan = plan_of(request, able);
    EXPECT_FALSE(plan.generation.loop);
    EXPECT_EQ(plan.generation.motion, 1.0);
    EXPECT_EQ(plan.generation.tempo, 1.0);
    request.loop = 1, request.motion = 0.01, request.tempo = 4.0;
    plan = plan_of(request, able);
    EXPECT_TRUE(plan.generation.loop);
    EXPECT_EQ(plan.generation.motion, 0.01);
    EXPECT_EQ(plan.generation.tempo, 4.0);
    request.frames = -1;  // the clip repeats
    EXPECT_TRUE(plan_of(request, able).generation.loop);

    EXPECT_EQ(refusal([](auto& r) { r.loop = 1; }, ZT_ERROR_UNSUPPORTED),
              "loop: expected 0 (this model cannot close a clip), got 1");
    EXPECT_EQ(refusal([](auto& r) { r.motion = 2; }, ZT_ERROR_UNSUPPORTED),
              "motion: expected 1 (this model has no other), got 2");
    EXPECT_EQ(refusal([](auto& r) { r.tempo = 0.5; }, ZT_ERROR_UNSUPPORTED),
              "tempo: expected 1 (this model has no other), got 0.5");
    EXPECT_EQ(refusal([](auto& r) { r.motion = r.tempo = 1; }), "accepted");
    EXPECT_EQ(refusal([](auto& r) { r.loop = 2; }), "loop: expected 0 to 1, got 2");
    EXPECT_EQ(refusal([](auto& r) { r.motion = 3.5; }), "motion: expected 0.01 to 3, got 3.5");
    EXPECT_EQ(refusal([](auto& r) { r.tempo = 0.05; }), "tempo: expected 0.1 to 4, got 0.05");
    for (const double wrong :
         {-1.0, 1e9, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        EXPECT_NE(refusal([&](auto& r) { r.motion = wrong; }), "accepted") << wrong;
        EXPECT_NE(refusal([&](auto& r) { r.tempo = wrong; }), "accepted") << wrong;
    }
}

// Shots at 0, 36 and 84 frames of 24 a second, a clip of 96.
zt_request a_storyboard() {
    static const std::string path = testing::TempDir() + "zt-plan-shots.srt";
    std::ofstream(path, std::ios::binary) << "1\n00:00:00,000 --> 00:00:01,500\nfox\n\n"
                                             "2\n00:00:01,500 --> 00:00:03,500\nowl\n\n"
                                             "3\n00:00:03,500 --> 00:00:04,000\nrefused by some\n";
    zt_request request = a_request();
    request.prompt = nullptr;
    request.storyboard = path.c_str();
    return request;
}

TEST(Plan, AStoryboardGivesShotsAndLength) {
    const Plan plan = plan_of(a_storyboard());
    EXPECT_EQ(plan.generation.frames, 96);
    EXPECT_EQ(plan.generation.first.prompt, "fox");
    ASSERT_EQ(plan.script.list.shots.size(), 3U);
    EXPECT_EQ(plan.script.list.shots[1].first_frame, 36);
    EXPECT_FALSE(plan.script.morph);
    EXPECT_FALSE(plan.generation.morph);
    EXPECT_EQ(plan.generation.shot_frames, 48);
    zt_request request = a_storyboard();
    request.rate = {25, 1};
    request.transition = ZT_TRANSITION_MORPH;
    const Plan pal = plan_of(request);
    EXPECT_EQ(pal.generation.frames, 100);
    EXPECT_EQ(pal.script.list.shots[1].first_frame, 38);  // 37.5: the first after it
    EXPECT_TRUE(pal.script.morph);
    EXPECT_TRUE(pal.generation.morph);
}

TEST(Plan, WhatIsRewrittenIsOnePromptOfOneShot) {
    FakeModel able;
    able.change_limits().enhance = true;
    zt_request request = a_request();
    request.enhance = 1;
    request.frames = 20;
    std::string logged;
    const auto log = [&](zt_log_level, const std::string& line) { logged += line; };
    EXPECT_EQ(make_plan(request, able, log).generation.first.prompt, "0 a red fox; 20 frames");
    EXPECT_EQ(logged, "enhance: \"0 a red fox; 20 frames\"");
    request = a_storyboard();
    request.enhance = 1;
    const Plan plan = plan_of(request, able);
    EXPECT_EQ(plan.generation.first.prompt, "0 fox; 36 owl; 84 refused by some; 96 frames");
    EXPECT_EQ(plan.generation.frames, 96);
    EXPECT_EQ(plan.generation.shot_frames, 96);
    ASSERT_EQ(plan.script.list.shots.size(), 1U);
    EXPECT_EQ(plan.script.list.shots[0].prompt, plan.generation.first.prompt);
    request.enhance = 0;
    EXPECT_EQ(plan_of(request, able).generation.first.prompt, "fox");
}

TEST(Plan, WhatIsRewrittenHasTheLimitOfAPrompt) {
    FakeModel able;
    able.change_limits().enhance = true;
    const std::string longest(zt::pipeline::kPromptBytes, 'x');
    zt_request request = a_request();
    request.prompt = longest.c_str();
    request.frames = 20;
    EXPECT_EQ(plan_of(request, able).generation.first.prompt, longest);
    request.enhance = 1;
    try {
        static_cast<void>(plan_of(request, able));
        FAIL();
    } catch (const zt::Error& e) {
        EXPECT_EQ(e.status(), ZT_ERROR_PROMPT);
        EXPECT_STREQ(e.what(),
                     "enhance: expected at most 16384 bytes in the model's form, in which all shots are one "
                     "prompt, got 16397");
    }
}

TEST(Plan, AGivenLengthGoesBeforeTheStoryboards) {
    zt_request request = a_storyboard();
    request.frames = 84;
    std::string logged;
    const Plan shorter = make_plan(request, FakeModel(), [&](zt_log_level, const std::string& line) { logged = line; });
    EXPECT_EQ(shorter.generation.frames, 84);
    EXPECT_EQ(shorter.script.list.shots.size(), 2U);
    EXPECT_EQ(shorter.generation.shot_frames, 48);
    EXPECT_EQ(logged,
              "zt-plan-shots.srt: the clip ends with frame 83; 1 of 3 shots begin after it and "
              "never come");
    request.frames = 99;  // shots are cut to their frames: no grid
    EXPECT_EQ(plan_of(request).generation.frames, 99);
    request.frames = 0;
    request.duration_us = 3'875'000;
    EXPECT_EQ(plan_of(request).generation.frames, 93);
    request.duration_us = 0;
    request.frames = -1;
    EXPECT_EQ(plan_of(request).script.list.shots.size(), 3U);
    EXPECT_EQ(plan_of(request).generation.shot_frames, -1);
}

TEST(Plan, AClipOfSeveralShotsOrWithAnEndOfItsOwnDoesNotLoop) {
    FakeModel able;
    able.change_limits().loop = true;
    able.change_limits().first_image = able.change_limits().last_image = ZT_USE_OPTIONAL;
    const auto message = [&](const zt_request& request) -> std::string {
        try {
            (void)make_plan(request, able, zt::make_log(nullptr, nullptr), zt::pipeline::Purpose::kAsk);
        } catch (const zt::Error& error) {
            return error.what();
        }
        return "accepted";
    };
    zt_request request = a_storyboard();
    request.loop = 1;
    EXPECT_EQ(message(request), "loop: expected 0 with a storyboard of several shots, got 1");
    request.frames = 36;  // the others never come
    EXPECT_EQ(message(request), "accepted");
    request = a_request();
    request.loop = 1;
    zt_image last = {};
    last.role = ZT_IMAGE_LAST;
    last.width = last.height = 8;
    request.images = &last;
    request.image_count = 1;
    request.strength = 1;
    EXPECT_EQ(message(request), "loop: expected 0 beside a last image, got 1");
}

TEST(Plan, StoryboardsAreRefusedByName) {
    zt_request request = a_storyboard();
    const auto message = [&](const FakeModel& model = FakeModel()) -> std::string {
        try {
            (void)plan_of(request, model);
        } catch (const zt::Error& error) {
            return error.what();
        }
        return "accepted";
    };
    FakeModel without_morph;
    without_morph.change_limits().morph = false;
    std::ofstream(request.storyboard) << "00:00:00,000 --> 00:00:01,500\nrefused\n";
    EXPECT_EQ(message(), "zt-plan-shots.srt: line 1: prompt: expected another, got \"refused\"");
    request.storyboard = "/nonexistent/shots.srt";
    EXPECT_NE(message().find("\"/nonexistent/shots.srt\": expected a readable file"), std::string::npos);
    request.prompt = "fox";
    EXPECT_EQ(message(), "prompt: expected one of prompt, prompt_file, storyboard, got prompt and storyboard");
    request = a_request();
    request.transition = ZT_TRANSITION_MORPH;
    EXPECT_EQ(message(), "accepted");
    EXPECT_EQ(message(without_morph), "transition: expected cut (this model cannot go on from a picture), got morph");
}

TEST(Plan, WhatHasToBeSaidAboutPromptsIsLoggedOnce) {
    const auto logged = [](const zt_request& request, zt::pipeline::Purpose purpose = zt::pipeline::Purpose::kStart) {
        std::string lines;
        (void)make_plan(
            request, FakeModel(),
            [&](zt_log_level level, const std::string& line) {
                lines += (level == ZT_LOG_WARNING ? "warning " : "") + line;
            },
            purpose);
        return lines;
    };
    zt_request request = a_request();
    EXPECT_EQ(logged(request), "");
    request.prompt = "0: a fox 30: a cat";
    EXPECT_EQ(logged(request),
              "warning prompt: looks like a list of frames, got \"0: a fox 30: a cat\"; "
              "storyboard=FILE takes one prompt per time span");
    EXPECT_EQ(logged(request, zt::pipeline::Purpose::kAsk), "");
    request = a_storyboard();
    std::ofstream(request.storyboard)
        << "00:00:01,000 --> 00:00:02,000\na fox\n\n00:00:01,000 --> 00:00:02,000\nruns\n";
    EXPECT_EQ(plan_of(request).generation.first.prompt, "a fox runs");
    EXPECT_EQ(logged(request),
              "zt-plan-shots.srt: line 4: begins on the same frame as the cue before, so their texts are one prompt");
}

TEST(Plan, RandomSeedsAreDrawnLoggedAndDiffer) {
    zt_request request = a_request();
    request.seed = -1;
    std::string logged;
    const Plan first = make_plan(request, FakeModel(), [&](zt_log_level, const std::string& line) { logged = line; });
    EXPECT_EQ(logged, "seed: drew " + std::to_string(first.generation.first.seed));
    EXPECT_GE(first.generation.first.seed, 0);
    EXPECT_NE(first.generation.first.seed, plan_of(request).generation.first.seed);
}

}  // namespace
