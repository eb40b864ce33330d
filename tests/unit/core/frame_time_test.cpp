// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which frame a time means (core/frame_time.h), at every rate of broadcast.
#include "core/frame_time.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "core/text_number.h"

namespace {

constexpr zt_rational kRates[] = {{24000, 1001}, {24, 1}, {25, 1},       {30000, 1001}, {30, 1},
                                  {48, 1},       {50, 1}, {60000, 1001}, {60, 1}};
constexpr int64_t kSecondUs = 1'000'000, kDayUs = 24 * 3600 * kSecondUs;

int64_t frames_of(const std::string& duration, zt_rational rate) {
    const auto time_us = zt::parse_time_us(duration);
    return time_us ? zt_frames_within(*time_us, rate.num, rate.den) : -1;
}

// A frame's time as decimal seconds, rounded to the nearest or cut off.
std::string decimals(int64_t frame, zt_rational rate, int digits, bool round) {
    __extension__ using Wide = unsigned __int128;
    Wide scale = 1;
    for (int i = 0; i < digits; ++i) scale *= 10;
    const Wide num = static_cast<Wide>(rate.num);
    const Wide all = (static_cast<Wide>(frame) * static_cast<Wide>(rate.den) * scale + (round ? num / 2 : 0)) / num;
    std::string fraction = std::to_string(static_cast<uint64_t>(all % scale));
    fraction.insert(0, static_cast<size_t>(digits) - fraction.size(), '0');
    return std::to_string(static_cast<uint64_t>(all / scale)) + "." + fraction;
}

TEST(FrameTime, FrameTimesAsPeopleCopyThem) {
    constexpr zt_rational film{24, 1};
    EXPECT_EQ(frames_of("5.1666667", film), 124);
    EXPECT_EQ(frames_of("5.166667", film), 124);
    EXPECT_EQ(frames_of("5.166666", film), 124);
    EXPECT_EQ(frames_of("1.0416667", film), 25);
    EXPECT_EQ(frames_of("0.04166667", film), 1);
    EXPECT_EQ(frames_of("41.666667ms", film), 1);
    EXPECT_EQ(frames_of("00:00:05.1666667", film), 124);
}

TEST(FrameTime, FramesTimesGiveThatManyFramesAtEveryRate) {
    for (const zt_rational rate : kRates) {
        for (int64_t frame = 1; frame < 5'000'000; frame += frame < 3000 ? 1 : 4999) {
            if (frame * rate.den * kSecondUs / rate.num > kDayUs) break;
            for (int digits = 6; digits <= 9; ++digits) {
                for (const bool round : {true, false}) {
                    const std::string text = decimals(frame, rate, digits, round);
                    ASSERT_EQ(frames_of(text, rate), frame) << text << " at " << zt::to_text(rate);
                }
            }
            // Fewer digits, cut off: still between this frame and the one before.
            for (int digits = 3; digits <= 5; ++digits)
                ASSERT_EQ(frames_of(decimals(frame, rate, digits, false), rate), frame) << digits;
        }
    }
}

// Counted by stock FFmpeg: ffmpeg -f lavfi -i testsrc=rate=R:duration=D. tests/media compares them
// with the FFmpeg that is installed.
TEST(FrameTime, OtherTimesCountAsFfmpegsOwnSources) {
    const struct {
        const char* duration;
        zt_rational rate;
        int64_t frames;
    } table[] = {
        {"5", {24, 1}, 120},       {"5.1", {24, 1}, 123},        {"5.166668", {24, 1}, 125},
        {"0.000001", {24, 1}, 1},  {"0.041668", {24, 1}, 2},     {"0.083335", {24, 1}, 3},
        {"5", {24000, 1001}, 120}, {"1.001", {24000, 1001}, 24}, {"0.5", {24000, 1001}, 12},
        {"5", {30000, 1001}, 150}, {"2.002", {30000, 1001}, 60}, {"0.033368", {30000, 1001}, 2},
        {"5", {60000, 1001}, 300}, {"1.001", {60000, 1001}, 60}, {"0.033368", {60000, 1001}, 3},
        {"1.001", {25, 1}, 26},    {"0.5", {25, 1}, 13},         {"0.033367", {25, 1}, 1},
        {"1.001", {60, 1}, 61},    {"2.002", {60, 1}, 121},      {"0.5", {60, 1}, 30},
    };
    for (const auto& row : table)
        EXPECT_EQ(frames_of(row.duration, row.rate), row.frames) << row.duration << " at " << zt::to_text(row.rate);
}

TEST(FrameTime, AMicrosecondBesideAFrameIsThatFrame) {
    for (const zt_rational rate : kRates) {
        for (int64_t frame = 1; frame < 400; ++frame) {
            const int64_t below = frame * rate.den * kSecondUs / rate.num;  // rounded down
            ASSERT_EQ(zt_frames_within(below - 1, rate.num, rate.den), frame);
            ASSERT_EQ(zt_frames_within(below + 1, rate.num, rate.den), frame);
            ASSERT_EQ(zt_frames_within(below + 2, rate.num, rate.den), frame + 1);
        }
    }
}

TEST(FrameTime, TheEndsOfTheRange) {
    EXPECT_EQ(zt_first_frame_at(-5, 1, 24, 1), 0);
    EXPECT_EQ(zt_first_frame_at(0, 1, 24, 1), 0);
    EXPECT_EQ(zt_first_frame_at(1, 1, 24, 1), 0);
    EXPECT_EQ(zt_first_frame_at(2, 1, 24, 1), 1);
    EXPECT_EQ(zt_frames_within(kDayUs, 240, 1), 240 * 86400);
    EXPECT_EQ(zt_frames_within(kDayUs, 1'000'000, 1'000'000), 86400);
    EXPECT_EQ(zt_frames_within(1, 1, 10), 1);
}

// Against arithmetic without rounding in between.
TEST(FrameTime, SamplesOfAFrameAreThoseOfItsTime) {
    __extension__ using Wide = unsigned __int128;
    EXPECT_EQ(zt_samples_before(0, 32000, 24, 1), 0);
    EXPECT_EQ(zt_samples_before(1, 32000, 24, 1), 1333);
    EXPECT_EQ(zt_samples_before(2, 32000, 24, 1), 2667);
    EXPECT_EQ(zt_samples_before(3, 32000, 24, 1), 4000);
    EXPECT_EQ(zt_samples_before(1, 44100, 24, 1), 1838) << "1837.5: a half is rounded up";
    for (const zt_rational rate : kRates) {
        for (const int64_t sample_rate : {8000, 16000, 24000, 32000, 44100, 48000, 96000, 192000}) {
            for (int64_t frame = 0; frame < 2147483647; frame += frame < 3000 ? 1 : 104'729 * 37) {
                const Wide parts =
                    Wide{2} * static_cast<Wide>(frame) * static_cast<Wide>(rate.den) * static_cast<Wide>(sample_rate);
                const Wide num = static_cast<Wide>(rate.num);
                ASSERT_EQ(zt_samples_before(frame, sample_rate, rate.num, rate.den),
                          static_cast<int64_t>((parts + num) / (2 * num)))
                    << frame << " at " << zt::to_text(rate) << ", " << sample_rate;
            }
        }
    }
    // The largest numbers it promises.
    EXPECT_EQ(zt_samples_before(2147483647, 1'000'000, 100'000, 1'000'000), 21'474'836'470'000'000);
}

}  // namespace
