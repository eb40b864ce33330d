// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Strict UTF-8 (core/utf8.h).
#include "core/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace {

// The definition of UTF-8 the slow way: encode a code point.
std::string encode(unsigned code) {
    const auto tail = [&](int shift) { return static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
    if (code < 0x80) return {static_cast<char>(code)};
    if (code < 0x800) return {static_cast<char>(0xC0U | (code >> 6)), tail(0)};
    if (code < 0x10000) return {static_cast<char>(0xE0U | (code >> 12)), tail(6), tail(0)};
    return {static_cast<char>(0xF0U | (code >> 18)), tail(12), tail(6), tail(0)};
}

TEST(Utf8, TakesEveryCodePointButSurrogatesAndControls) {
    for (unsigned code = 0; code <= 0x10FFFF; ++code) {
        const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        const bool control = (code < 0x20 && code != '\t' && code != '\n') || (code >= 0x7F && code < 0xA0);
        const auto fault = zt::find_text_fault(encode(code));
        ASSERT_EQ(fault.has_value(), surrogate || control) << "U+" << std::hex << code;
        if (fault) {
            ASSERT_EQ(fault->encoding, surrogate) << "U+" << std::hex << code;
        }
    }
}

TEST(Utf8, RefusesEveryTwoByteStringThatIsNoUtf8) {
    for (unsigned first = 0; first < 256; ++first) {
        for (unsigned second = 0; second < 256; ++second) {
            const std::string text = {static_cast<char>(first), static_cast<char>(second)};
            const bool two_ascii = first < 0x80 && second < 0x80;
            const bool one_pair = first >= 0xC2 && first <= 0xDF && second >= 0x80 && second <= 0xBF;
            const auto fault = zt::find_text_fault(text);
            if (two_ascii || one_pair) {
                ASSERT_FALSE(fault && fault->encoding) << first << " " << second;
            } else {
                ASSERT_TRUE(fault) << first << " " << second;  // a control character may come first
            }
        }
    }
}

TEST(Utf8, NamesByteAndPlace) {
    EXPECT_EQ(zt::find_text_fault("a red fox runs in\xC3")->got, "byte 0xC3 at 17");
    EXPECT_EQ(zt::find_text_fault("ab\x1b[1m")->got, "control character U+001B at 2");
    EXPECT_EQ(zt::find_text_fault("ab\xC2\x9B")->got, "control character U+009B at 2");
    EXPECT_EQ(zt::find_text_fault("overlong \xC0\xAF")->got, "byte 0xC0 at 9");
    EXPECT_EQ(zt::find_text_fault("\xE0\x9F\xBF")->got, "byte 0xE0 at 0");  // U+07FF in three bytes
    EXPECT_FALSE(zt::find_text_fault("\xE0\xA0\x80"));
    EXPECT_EQ(zt::find_text_fault("\xF0\x8F\xBF\xBF")->got, "byte 0xF0 at 0");  // U+FFFF in four
    EXPECT_FALSE(zt::find_text_fault("\xF0\x90\x80\x80"));
    EXPECT_EQ(zt::find_text_fault("\xF4\x90\x80\x80")->got, "byte 0xF4 at 0");
    EXPECT_FALSE(zt::find_text_fault("一只红色的狐狸\n\t🦊"));
}

TEST(Utf8, Utf16BecomesUtf8) {
    const auto converted = [](std::string_view bytes, bool big_endian) {
        std::string out;
        return (zt::append_utf16(out, bytes, big_endian) ? "" : "broken after ") + out;
    };
    EXPECT_EQ(converted("", false), "");
    EXPECT_EQ(converted(std::string_view("a\0\xE9\0\xD0\x72\x3E\xD8\x8A\xDD", 10), false), "aé狐🦊");
    EXPECT_EQ(converted(std::string_view("\0a\0\xE9\x72\xD0\xD8\x3E\xDD\x8A", 10), true), "aé狐🦊");
    EXPECT_EQ(converted(std::string_view("\x7F\0\x80\0\xFF\x07\0\x08\xFF\xFF", 10), false),
              "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF");
    EXPECT_EQ(converted(std::string_view("\xFF\xDB\xFF\xDF", 4), false), "\xF4\x8F\xBF\xBF");  // the last of all
    for (const std::string_view broken : {std::string_view("a\0\x3E\xD8", 4), std::string_view("a\0\x8A\xDD", 4),
                                          std::string_view("a\0\x3E\xD8"
                                                           "b\0",
                                                           6),
                                          std::string_view("a\0b", 3), std::string_view("a\0\x3E\xD8\x8A", 5),
                                          std::string_view("a\0\x3E\xD8\x3E\xD8", 6)})
        EXPECT_EQ(converted(broken, false), "broken after a");
}

TEST(Utf8, ShowsForeignTextOnOneLine) {
    EXPECT_EQ(zt::one_line("a\nb\x1b\xFF", 100), "a\\nb\\x1B\\xFF");
    EXPECT_EQ(zt::one_line("狐狸", 5), "狐…");  // never half a character
    EXPECT_EQ(zt::quote(std::string(1000, 'x')), '"' + std::string(200, 'x') + "…\"");
}

}  // namespace
