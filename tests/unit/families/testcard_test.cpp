// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The test card (families/testcard): moving, and decided by seed and prompt alone.
#include "families/testcard/testcard.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/sha256.h"
#include "families/testcard/drawing.h"

namespace {

using zt::families::testcard::draw_card;
using zt::families::testcard::make_card;

std::vector<float> picture(int64_t seed, const char* prompt, int64_t frame, int width = 64,
                           int height = 48) {
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
    for (const float value : rgb)
        bytes += static_cast<char>(static_cast<int>(value * 255.0F + 0.5F));
    EXPECT_EQ(zt::sha256_hex(bytes),
              "fda4264baec396ad7847c9f6382a76db4a82ee5d2c69a2ed562da34a4c95fc04");
}

TEST(Testcard, BottomRowsHoldTheFrameNumber) {
    for (const int64_t frame : {int64_t{0}, int64_t{1}, int64_t{123456}, int64_t{4294967295}}) {
        const std::vector<float> rgb = picture(1, "fox", frame, 64, 48);
        int64_t read = 0;
        for (size_t bit = 0; bit < 32; ++bit)
            read = read * 2 + (rgb[size_t{47} * 64 + 2 * bit] > 0.5F ? 1 : 0);
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

TEST(Testcard, OptionsItDoesNotKnowAreErrors) {
    zt::families::LoadOptions options;
    for (const auto& [key, value] : {std::pair("steps", "1"), std::pair("delay_ms", "-1"),
                                     std::pair("delay_ms", "1,5"), std::pair("nan_frame", "")}) {
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

}  // namespace
