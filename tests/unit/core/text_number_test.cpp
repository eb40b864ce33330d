// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers from text (core/text_number.h).
#include "core/text_number.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace {

using zt::parse_rate;
using zt::parse_time_us;

bool is_rate(std::string_view text, int num, int den) {
    const auto rate = parse_rate(text);
    return rate && rate->num == num && rate->den == den;
}

TEST(TextNumber, IntegersAreWholeAndFit) {
    EXPECT_EQ(zt::parse_int64("-9223372036854775808"), std::numeric_limits<int64_t>::min());
    for (const char* wrong : {"", " 1", "1 ", "+1", "1.5", "1,5", "0x10", "9223372036854775808", "--1", "1e3"}) {
        EXPECT_FALSE(zt::parse_int64(wrong)) << wrong;
    }
}

TEST(TextNumber, DoublesAreFiniteWithADot) {
    EXPECT_EQ(zt::parse_double("1.5"), 1.5);
    EXPECT_EQ(zt::parse_double("-1"), -1.0);
    for (const char* wrong : {"", "1,5", "nan", "inf", "-inf", "1e999", "1.5x", " 1"})
        EXPECT_FALSE(zt::parse_double(wrong)) << wrong;
}

TEST(TextNumber, Booleans) {
    EXPECT_EQ(zt::parse_bool("1"), true);
    EXPECT_EQ(zt::parse_bool("off"), false);
    EXPECT_FALSE(zt::parse_bool(""));
    EXPECT_FALSE(zt::parse_bool("2"));
}

TEST(TextNumber, Sizes) {
    EXPECT_EQ(zt::parse_size("256x144"), std::pair(256, 144));
    for (const char* wrong : {"", "256", "x", "256x", "x144", "256x144x3", "-256x144", "256X144", "99999999999x1"}) {
        EXPECT_FALSE(zt::parse_size(wrong)) << wrong;
    }
}

TEST(TextNumber, Colors) {
    using Rgb = std::array<uint8_t, 3>;
    EXPECT_EQ(zt::parse_color("#0a1B2c"), (Rgb{10, 27, 44}));
    EXPECT_EQ(zt::parse_color("0xFFfe00"), (Rgb{255, 254, 0}));
    EXPECT_EQ(zt::parse_color("white"), (Rgb{255, 255, 255}));
    EXPECT_EQ(zt::parse_color("gray"), (Rgb{128, 128, 128}));
    EXPECT_EQ(zt::parse_color("black"), (Rgb{0, 0, 0}));
    for (const char* wrong : {"", "#", "0x", "ffffff", "#fff", "#12345", "#1234567", "0x12345678", "#12345g", "#-12345",
                              "#+12345", "# 12345", "White", "white ", "red", "0X102030", "#ffffff@0.5"})
        EXPECT_FALSE(zt::parse_color(wrong)) << wrong;
}

TEST(TextNumber, RatesAreExact) {
    EXPECT_TRUE(is_rate("24", 24, 1));
    EXPECT_TRUE(is_rate("50/2", 25, 1));
    EXPECT_TRUE(is_rate("24000/1001", 24000, 1001));
    EXPECT_TRUE(is_rate("23.976", 24000, 1001));
    EXPECT_TRUE(is_rate("23.98", 24000, 1001));
    EXPECT_TRUE(is_rate("29.97", 30000, 1001));
    EXPECT_TRUE(is_rate("59.94", 60000, 1001));
    EXPECT_TRUE(is_rate("12.5", 25, 2));
    EXPECT_TRUE(is_rate("25.0", 25, 1));
    for (const char* wrong : {"", "0", "0/1", "1/0", "-24", "24/", "/1", "24,5", "nan", "1e3", "23.9761"})
        EXPECT_FALSE(parse_rate(wrong)) << wrong;
}

TEST(TextNumber, TimesAreMicroseconds) {
    EXPECT_EQ(parse_time_us("1.5"), 1'500'000);
    EXPECT_EQ(parse_time_us("6s"), 6'000'000);
    EXPECT_EQ(parse_time_us("500ms"), 500'000);
    EXPECT_EQ(parse_time_us("1.5ms"), 1'500);
    EXPECT_EQ(parse_time_us("20us"), 20);
    EXPECT_EQ(parse_time_us("01:30"), 90'000'000);
    EXPECT_EQ(parse_time_us("1:00:00.25"), 3'600'250'000);
    EXPECT_EQ(parse_time_us("-1"), -1);
    EXPECT_EQ(parse_time_us("0.0000000"), 0);
    for (const char* wrong : {"", "-2", "1,5", "0.0000009", "0.9us", "0.0001ms", "0:00.0000009", "1:60", "1:2:3:4",
                              ":30", "1:", "ms", "nan", "99999999999999999999"}) {
        EXPECT_FALSE(parse_time_us(wrong)) << wrong;
    }
}

TEST(TextNumber, DigitsBelowAMicrosecondAreDropped) {
    EXPECT_EQ(parse_time_us("5.1666667"), 5'166'666);
    EXPECT_EQ(parse_time_us("0.1234569"), 123'456);
    EXPECT_EQ(parse_time_us("1:00.0000001"), 60'000'000);
    EXPECT_EQ(parse_time_us("1:00.00000199999999999999999999"), 60'000'001);
    EXPECT_EQ(parse_time_us("41.666667ms"), 41'666);
    EXPECT_EQ(parse_time_us("1.5us"), 1);
}

TEST(TextNumber, BytesWithSuffix) {
    EXPECT_EQ(zt::parse_bytes("0"), 0);
    EXPECT_EQ(zt::parse_bytes("7K"), 7 * 1024);
    EXPECT_EQ(zt::parse_bytes("3M"), 3 * 1024 * 1024);
    EXPECT_EQ(zt::parse_bytes("6G"), int64_t{6} << 30);
    for (const char* wrong : {"", "G", "-1", "1.5G", "6g", "9999999999G"})
        EXPECT_FALSE(zt::parse_bytes(wrong)) << wrong;
}

}  // namespace
