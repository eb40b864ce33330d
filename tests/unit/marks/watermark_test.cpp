// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The invisible mark there and back without an encoder (tests/media/watermark_test.py has those): sizes, pictures, what
// changes a video, and that nothing is found where nothing is.
#include "marks/watermark.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <string>

#include "core/error.h"
#include "marks/detector.h"
#include "marks/payload.h"
#include "marks/pictures.h"

namespace {

using namespace zt::marks;
using namespace zt::test;

double psnr_of_marked(Kind kind, int width, int height) {
    const std::vector<float> plain = picture(kind, width, height, 5, 0);
    std::vector<float> marked(plain.size());
    Watermark(width, height, 0xBEEF).apply(plain.data(), marked.data());
    double sum = 0.0;
    const auto level = [](float value) { return std::round(255.0F * std::clamp(value, 0.0F, 1.0F)); };
    for (size_t at = 0; at < plain.size(); ++at) sum += std::pow(level(marked[at]) - level(plain[at]), 2);
    return 10.0 * std::log10(255.0 * 255.0 * static_cast<double>(plain.size()) / sum);
}

TEST(Watermark, IsFoundInEverySize) {
    for (const auto& [width, height] : {std::pair(64, 64),
                                        {72, 128},
                                        {128, 72},
                                        {144, 144},
                                        {256, 144},
                                        {144, 256},
                                        {512, 288},
                                        {288, 512},
                                        {720, 576},
                                        {1082, 1922}}) {
        const Detection found = detect(Kind::kCutouts, width, height, 1, 2, true, as_it_is);
        EXPECT_TRUE(found.found) << width << "x" << height << ": " << found.probability;
        EXPECT_GT(found.strength, 0.9) << width << "x" << height;
        EXPECT_EQ(found.model, std::min(width, height) < 144 ? std::nullopt : std::optional<uint16_t>(0xBEEF));
        EXPECT_FALSE(found.changed);
    }
}

TEST(Watermark, IsFoundInTheLargestPicture) {
    EXPECT_EQ(detect(Kind::kGradient, 4096, 2160, 1, 1, true, as_it_is).model, 0xBEEF);
}

TEST(Watermark, IsRefusedWhereItDoesNotFit) {
    for (const auto& [width, height] : {std::pair(63, 64), {64, 63}, {16, 4096}}) {
        try {
            Watermark(width, height, 0);
            ADD_FAILURE() << width << "x" << height;
        } catch (const zt::Error& error) {
            EXPECT_EQ(error.status(), ZT_ERROR_ARGUMENT);
            EXPECT_EQ(std::string(error.what()), "watermark: expected none in pictures below 64x64, got dct in " +
                                                     std::to_string(width) + "x" + std::to_string(height));
        }
    }
}

TEST(Watermark, DoesNotDisturbThePicture) {
    for (const Kind kind : kKinds)
        for (const auto& [width, height] : {std::pair(64, 64), {256, 144}, {512, 288}, {854, 480}}) {
            const double psnr = psnr_of_marked(kind, width, height);
            EXPECT_GE(psnr, height >= 480   ? 47.0
                            : height >= 256 ? 44.0
                                            : 42.0)
                << static_cast<int>(kind) << " " << width << "x" << height;
            EXPECT_LT(psnr, 60.0) << "nothing was changed";
        }
}

TEST(Watermark, IsFoundInEveryPicture) {
    for (const Kind kind : kKinds)
        EXPECT_EQ(detect(kind, 512, 288, 3, 4, true, as_it_is).model, 0xBEEF) << static_cast<int>(kind);
}

TEST(Watermark, SurvivesScalingAndNoise) {
    const Way ways[] = {[](const Luma& luma) { return scaled(luma, 384, 216); },
                        [](const Luma& luma) { return scaled(luma, 320, 200); },
                        [](const Luma& luma) { return scaled(luma, 1920, 1080); },
                        [](const Luma& luma) {
                            Luma noisy = scaled(luma, 384, 216);
                            add_noise(noisy, 8.0F, 7);
                            return noisy;
                        }};
    for (const Way way : ways) {
        const Detection found = detect(Kind::kCutouts, 512, 288, 4, 6, true, way);
        EXPECT_TRUE(found.found) << found.probability;
        EXPECT_EQ(found.model, 0xBEEF);
    }
}

TEST(Watermark, SurvivesWhatCoversAPart) {
    const Detection found = detect(Kind::kCutouts, 512, 288, 4, 4, true, [](const Luma& luma) {
        Luma covered = luma;
        for (int y = 200; y < 270; ++y)  // a line of subtitles
            std::fill_n(covered.samples.begin() + static_cast<ptrdiff_t>(y) * 512 + 60, 392, uint8_t{235});
        return covered;
    });
    EXPECT_EQ(found.model, 0xBEEF) << found.probability;
}

TEST(Watermark, IsFoundAfterCutsBarsAndAMirror) {
    const Way ways[] = {[](const Luma& luma) { return cut(luma, 6, 3, 500, 282); },
                        [](const Luma& luma) { return cut(luma, 0, 0, 496, 288); },
                        [](const Luma& luma) { return cut(luma, 0, 20, 512, 268); },
                        [](const Luma& luma) { return letterboxed(luma, 40); },
                        [](const Luma& luma) { return mirrored(luma); }};
    for (const Way way : ways) {
        const Detection found = detect(Kind::kCutouts, 512, 288, 4, 3, true, way);
        EXPECT_TRUE(found.found) << found.probability;
        EXPECT_TRUE(found.changed);
        EXPECT_EQ(found.model, 0xBEEF);
    }
}

TEST(Watermark, IsFoundInAPartOfALongVideo) {
    Watermark watermark(256, 144, 0xBEEF);
    Detector detector(256, 144);
    for (int number = 0; number < 3 * kSpanFrames; ++number) {
        std::vector<float> rgb = picture(Kind::kCutouts, 256, 144, number < kSpanFrames ? 1 : 2, number);
        const bool marked = number >= kSpanFrames && number < 2 * kSpanFrames;
        if (marked) watermark.apply(rgb.data(), rgb.data());
        detector.add(luma_of(rgb, 256, 144).samples.data(), 256);
    }
    const Detection found = detector.finish();
    EXPECT_EQ(found.model, 0xBEEF);
    EXPECT_EQ(found.first_frame, kSpanFrames);
    EXPECT_EQ(found.last_frame, 2 * kSpanFrames - 1);
}

TEST(Watermark, IsTheSameInPlaceAndEveryTime) {
    const std::vector<float> plain = picture(Kind::kNoise, 200, 150, 1, 0);
    std::vector<float> once(plain.size()), again = plain;
    Watermark watermark(200, 150, 7);
    watermark.apply(picture(Kind::kCutouts, 200, 150, 9, 0).data(), once.data());  // another frame before it
    watermark.apply(plain.data(), once.data());
    Watermark(200, 150, 7).apply(again.data(), again.data());
    EXPECT_EQ(once, again);
}

// Of one question put to videos without a mark, the share answered "at most p" is at most p.
TEST(Detector, ChancesAreNoSmallerThanTheyAre) {
    constexpr int kVideos = 1200;
    std::array<int, 3> below{};
    Voter voter;
    for (int video = 0; video < kVideos; ++video) {
        const Layout& layout = layouts()[static_cast<size_t>(video) % layouts().size()];
        const Luma luma = luma_of(picture(kKinds[video % 5], 96, 72, static_cast<uint32_t>(video), 0), 96, 72);
        const std::vector<float> samples(luma.samples.begin(), luma.samples.end());
        std::vector<float> votes(layout.carriers.size());
        voter.add(layout, ViewMaps(layout, View{}, 96, 72, 96, 72), View{}, samples.data(), 96, votes);
        const double chance = chance_of(judge(layout, votes).tag);
        for (size_t n = 0; n < below.size(); ++n) below[n] += chance <= std::pow(10.0, -1.0 - static_cast<double>(n));
    }
    EXPECT_LE(below[0], kVideos / 10);
    EXPECT_LE(below[1], kVideos / 100 + 8);
    EXPECT_LE(below[2], 3);
    EXPECT_GT(below[0], kVideos / 100) << "the bound should not be that far away";
}

TEST(Detector, FindsNothingWhereNothingIs) {
    for (uint32_t video = 0; video < 18; ++video) {
        const Detection found = detect(kKinds[video % 6], 128 + static_cast<int>(video), 96, video, 2, false, as_it_is);
        EXPECT_FALSE(found.found) << video << ": " << found.probability;
    }
}

TEST(Detector, RefusesSizesItDoesNotTake) {
    for (const auto& [width, height] : {std::pair(15, 100), {100, 15}, {16385, 100}, {-1, 5}, {0, 0}})
        EXPECT_THROW(Detector(width, height), zt::Error) << width << "x" << height;
    EXPECT_FALSE(Detector(16, 16).finish().found);
}

TEST(Detector, ChanceIsTheOneOfTheBound) {
    EXPECT_DOUBLE_EQ(chance_of(0.0), 1.0);
    EXPECT_NEAR(chance_of(3.0), 3.1787 * 1.3499e-3, 1e-6);
    EXPECT_NEAR(chance_of(6.0) / (3.1787 * 9.8659e-10), 1.0, 1e-3);
}

TEST(Payload, ComesBackThroughErrors) {
    std::mt19937 dice(1);
    std::normal_distribution<float> noise(0.0F, 0.7F);
    int read = 0, wrong = 0, count = 0;
    for (int model = 0; model < 65536; model += 97, ++count) {
        const CodeWord word = encode(static_cast<uint16_t>(model));
        float soft[kCodeBits], noisy[kCodeBits];
        for (int bit = 0; bit < kCodeBits; ++bit) {
            soft[bit] = word[static_cast<size_t>(kTagBits + bit)];
            noisy[bit] = soft[bit] + noise(dice);
        }
        EXPECT_EQ(decode(soft), model);
        const auto got = decode(noisy);
        read += got == model;
        wrong += got && *got != model;
    }
    EXPECT_GE(read, count * 95 / 100);
    EXPECT_LE(wrong, count / 100);
}

TEST(Payload, NoiseHasNoCheckBits) {
    std::mt19937 dice(2);
    std::normal_distribution<float> noise(0.0F, 1.0F);
    int read = 0;
    for (int n = 0; n < 2000; ++n) {
        float soft[kCodeBits];
        for (float& value : soft) value = noise(dice);
        read += decode(soft).has_value();
    }
    EXPECT_LE(read, 2000 / 256 * 3);
}

TEST(Payload, ModelsHaveTheFirstDigitsOfTheirHash) {
    EXPECT_EQ(model_number("beef01234567"), 0xBEEF);
    EXPECT_EQ(model_number(""), 0);
}

}  // namespace
