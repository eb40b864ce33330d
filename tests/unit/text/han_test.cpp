// SPDX-License-Identifier: LGPL-2.1-or-later
#include "text/han.h"

#include <gtest/gtest.h>

#include "core/utf8.h"

namespace {

using zt::text::has_han;
using zt::text::is_han;

std::string of(char32_t c) {
    std::string text;
    zt::append_code_point(text, c);
    return text;
}

TEST(Han, FromTheFirstToTheLastOfEachBlock) {
    for (const char32_t c :
         {0x3005, 0x3007, 0x3400, 0x4DBF, 0x4E00, 0x9FFF, 0xF900, 0xFAFF, 0x20000, 0x2FA1D, 0x323AF}) {
        EXPECT_TRUE(is_han(c)) << std::hex << static_cast<uint32_t>(c);
        EXPECT_TRUE(has_han("a " + of(c) + " b")) << std::hex << static_cast<uint32_t>(c);
    }
}

// Letters, kana, Hangul, Chinese punctuation, hexagrams, a fox, and the letters that the flag of Scotland is made of.
TEST(Han, OtherScriptsAndSignsAreNone) {
    for (const char32_t c : {0x41,   0xE9,   0x416,  0x3002, 0x3006, 0x3042,  0x30FF,  0x33FF,  0x4DC0,  0x4DFF,
                             0xA000, 0xAC00, 0xF8FF, 0xFB00, 0xFF0C, 0x1F98A, 0x1FFFF, 0x40000, 0xE0067, 0x10FFFF}) {
        EXPECT_FALSE(is_han(c)) << std::hex << static_cast<uint32_t>(c);
        EXPECT_FALSE(has_han(of(c) + of(c))) << std::hex << static_cast<uint32_t>(c);
    }
}

TEST(Han, BrokenBytesAreNoneAndHideNone) {
    const std::string fox = of(0x72D0);
    EXPECT_FALSE(has_han(""));
    for (size_t bytes = 1; bytes < fox.size(); bytes++) {
        EXPECT_FALSE(has_han(fox.substr(0, bytes))) << bytes;
        EXPECT_FALSE(has_han(fox.substr(bytes))) << bytes;
        EXPECT_TRUE(has_han(fox.substr(0, bytes) + fox)) << bytes;
    }
    EXPECT_FALSE(has_han("\xF0\xA0\x80"));
    EXPECT_FALSE(has_han("\xE4 \xB8 \x80"));
}

}  // namespace
