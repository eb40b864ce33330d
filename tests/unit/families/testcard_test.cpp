// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The test card (families/testcard): moving, and decided by seed and prompt alone.
#include "families/testcard/testcard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/sha256.h"
#include "families/testcard/drawing.h"
#include "families/testcard/sound.h"
#include "image/fit.h"

namespace {

using zt::families::testcard::draw_card;
using zt::families::testcard::make_card;

std::vector<float> picture(int64_t seed, const char* prompt, int64_t frame, int width = 64, int height = 48) {
    std::vector<float> rgb(static_cast<size_t>(3 * width * height), -1.0F);
    draw_card(make_card(seed, prompt), frame, width, height, rgb.data());
    return rgb;
}

TEST(Testcard, SeedPromptAndTimeDecideThePicture) {
    EXPECT_EQ(picture(1, "fox", 5), picture(1, "fox", 5));
    EXPECT_NE(picture(1, "fox", 5), picture(2, "fox", 5));
    EXPECT_NE(picture(1, "fox", 5), picture(1, "owl", 5));
    EXPECT_NE(picture(1, "fox", 5), picture(1, "fox", 6));
}

TEST(Testcard, PixelsAreTheSameOnEveryMachine) {
    const std::vector<float> rgb = picture(7, "a red fox", 100);
    std::string bytes;
    for (const float value : rgb) bytes += static_cast<char>(static_cast<int>(value * 255.0F + 0.5F));
    EXPECT_EQ(zt::sha256_hex(bytes), "fda4264baec396ad7847c9f6382a76db4a82ee5d2c69a2ed562da34a4c95fc04");
}

TEST(Testcard, BottomRowsHoldTheFrameNumber) {
    for (const int64_t frame : {int64_t{0}, int64_t{1}, int64_t{123456}, int64_t{4294967295}}) {
        const std::vector<float> rgb = picture(1, "fox", frame, 64, 48);
        int64_t read = 0;
        for (size_t bit = 0; bit < 32; ++bit) read = read * 2 + (rgb[size_t{47} * 64 + 2 * bit] > 0.5F ? 1 : 0);
        EXPECT_EQ(read, frame);
    }
}

TEST(Testcard, EverySizeIsFilled) {
    for (const auto& [width, height] :
         {std::pair(16, 16), std::pair(4096, 16), std::pair(16, 4096), std::pair(18, 34)}) {
        for (const float value : picture(3, "fox", 1'000'000, width, height))
            ASSERT_TRUE(value >= 0.0F && value <= 1.0F) << width << "x" << height;
    }
}

TEST(Testcard, ABlendGoesFromOneCardToTheOther) {
    using zt::families::testcard::blend_cards;
    const auto fox = make_card(1, "fox"), owl = make_card(1, "owl");
    for (const int64_t done : {0, 6, 24, 30}) {
        const auto card = blend_cards(fox, owl, done, 24);
        for (int part = 0; part < 3; ++part) {
            const int from = fox.bars[3][part], to = owl.bars[3][part],
                      share = std::min<int>(static_cast<int>(done), 24);
            EXPECT_EQ(card.bars[3][part], (from * (24 - share) + to * share) / 24);
        }
        EXPECT_EQ(card.bar_phase, owl.bar_phase);
    }
}

TEST(Testcard, OfACutoutTheBarsComeInFromTheLeft) {
    constexpr int kWidth = 64, kHeight = 48;
    const auto card = make_card(1, "fox");
    std::vector<float> alpha(size_t{kWidth} * kHeight, -1.0F);
    for (const int64_t frame : {0, 7, 1000}) {
        zt::families::testcard::draw_alpha(card, frame, kWidth, kHeight, alpha.data());
        const std::vector<float> rgb = picture(1, "fox", frame);
        int opaque = 0;
        for (int y = 0; y < kHeight; ++y)
            for (int x = 0; x < kWidth; ++x) {
                const auto at = static_cast<size_t>(y * kWidth + x);
                const bool square = std::lround(rgb[at] * 255) == card.square[0] &&
                                    std::lround(rgb[at + alpha.size()] * 255) == card.square[1] &&
                                    std::lround(rgb[at + 2 * alpha.size()] * 255) == card.square[2];
                const bool number = y >= kHeight - kHeight / 8;
                ASSERT_EQ(alpha[at], number || square ? 1.0F : (static_cast<float>(x) + 0.5F) / kWidth)
                    << x << "," << y;
                opaque += !number && square ? 1 : 0;
            }
        EXPECT_EQ(opaque, 10 * 10);
    }
}

TEST(Testcard, ACutoutHasNoPictureBehindIt) {
    zt::families::LoadOptions options;
    const auto model = zt::families::testcard_family().load(options);
    EXPECT_TRUE(model->limits().cutout);
    zt::families::GenerationRequest request;
    request.width = 64, request.height = 48, request.rate = {24, 1}, request.frames = 3;
    request.cutout = true;
    const auto first = [&] {
        const auto batch = model->begin(request)->next(request.first, {}, [](const char*, int, int) {});
        EXPECT_NE(batch->alpha, nullptr);
        return std::vector<float>(batch->rgb, batch->rgb + size_t{3} * 3 * 64 * 48);
    };
    const std::vector<float> without = first();
    request.images.push_back({ZT_IMAGE_FIRST, 1, 1, std::make_shared<std::vector<uint8_t>>(3)});
    EXPECT_EQ(first(), without);
    request.cutout = false;
    EXPECT_EQ(model->begin(request)->next(request.first, {}, [](const char*, int, int) {})->alpha, nullptr);
    options.engine_opts = {{"cutout", "0"}};
    EXPECT_FALSE(zt::families::testcard_family().load(options)->limits().cutout);
}

TEST(Testcard, APictureIsFittedByTheRule) {
    // Columns of one grey each.
    auto rgb = std::make_shared<std::vector<uint8_t>>();
    for (int y = 0; y < 2; ++y)
        for (uint8_t x = 0; x < 80; x += 10) rgb->insert(rgb->end(), {x, x, x});
    const zt::families::Picture wide{ZT_IMAGE_FIRST, 8, 2, rgb};
    const auto row = [&](zt_fit fit, int width, int height, int y) {
        const auto fitted = zt::families::testcard::fit_picture(wide, fit, width, height);
        std::vector<int> levels;
        for (int x = 0; x < width; ++x)
            levels.push_back(static_cast<int>(std::lround(fitted[static_cast<size_t>(y * width + x)] * 255)));
        return levels;
    };
    // The rule itself is tested in image_test; here that it is this one.
    EXPECT_EQ(row(ZT_FIT_CROP, 8, 2, 1), (std::vector{0, 10, 20, 30, 40, 50, 60, 70}));
    EXPECT_EQ(row(ZT_FIT_PAD, 8, 4, 0), (std::vector{0, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(row(ZT_FIT_PAD, 8, 4, 1), (std::vector{0, 10, 20, 30, 40, 50, 60, 70}));
    for (const auto fit : {ZT_FIT_CROP, ZT_FIT_STRETCH, ZT_FIT_PAD}) {
        const auto expected = zt::image::fit({8, 2, *rgb}, 6, 4, fit);
        for (int y = 0; y < 4; ++y) {
            for (int x = 0; x < 6; ++x)
                EXPECT_EQ(row(fit, 6, 4, y)[static_cast<size_t>(x)],
                          expected.rgb[static_cast<size_t>(3 * (6 * y + x))]);
        }
    }
}

TEST(Testcard, OptionsItDoesNotKnowAreErrors) {
    zt::families::LoadOptions options;
    for (const auto& [key, value] : {std::pair("steps", "1"), std::pair("delay_ms", "-1"), std::pair("delay_ms", "1,5"),
                                     std::pair("nan_frame", ""), std::pair("image", "maybe")}) {
        options.engine_opts = {{key, value}};
        EXPECT_THROW((void)zt::families::testcard_family().load(options), zt::Error) << key;
    }
    options.engine_opts = {};
    options.device = "cuda";
    EXPECT_THROW((void)zt::families::testcard_family().load(options), zt::Error);
    options.device = "cpu";
    options.precision = "bf16";
    EXPECT_THROW((void)zt::families::testcard_family().load(options), zt::Error);
}

TEST(Testcard, TonesBeginAtSecondsOnTheLeftAndAtCutsOnTheRight) {
    zt::families::testcard::Sound sound(32000);
    sound.cut(40000);
    const std::vector<float> samples = sound.make(0, 64000);
    std::vector<int64_t> left, right;
    for (int64_t i = 0; i < 64000; ++i) {
        const float* now = samples.data() + 2 * i;
        ASSERT_LE(std::max(std::abs(now[0]), std::abs(now[1])), 0.5F);
        if (now[0] != 0.0F) left.push_back(i);
        if (now[1] != 0.0F) right.push_back(i);
    }
    EXPECT_EQ(samples[0], 0.5F);
    EXPECT_EQ(samples[2 * 32000], 0.5F);
    EXPECT_EQ(samples[2 * 40000 + 1], 0.5F);
    EXPECT_EQ(left.front(), 0);
    EXPECT_TRUE(std::all_of(left.begin(), left.end(), [](int64_t i) { return i % 32000 < 3200; }));
    EXPECT_EQ(right.front(), 40000);
    EXPECT_LT(right.back(), 43200);
    const std::vector<float> piece = sound.make(31990, 41000);
    EXPECT_TRUE(std::equal(piece.begin(), piece.end(), samples.begin() + 2 * 31990));
}

}  // namespace
