// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Prompts that are lists of frames (text/frame_list.h), and those that only look a little like it.
#include "text/frame_list.h"

#include <gtest/gtest.h>

#include <string>

namespace {

TEST(FrameList, AsOtherProgramsTakeThem) {
    for (const char* list :
         {"0: a fox 30: a cat", "0: a fox, 30: a cat", "0:a fox\n30:a cat", "\"0\": \"a fox\", \"30\": \"a cat\"",
          "{\"0\": \"a fox\", \"30\": \"a cat\"}", "{ '0' : 'a fox' , '16' : 'a cat' }", "[0] a fox [30] a cat",
          "[0]: a fox; [30]: a cat", "0: (a fox:1.2) | 24: a cat", "Frame 0: a fox. Frame 48: a cat",
          " 0 : a fox 30 : a cat", "0：一只狐狸，30：一只猫", "(0): a fox (30): a cat"})
        EXPECT_TRUE(zt::text::is_frame_list(list)) << list;
}

TEST(FrameList, OrdinaryPromptsAreNone) {
    for (const char* prompt : {"", "0", "0:", "a red fox", "at 10:30 a fox", "0:30 a fox, 1:30 a cat", "0: a fox",
                               "1: a fox 2: a cat", "the score is 0:1, then 30: all", "a fox 0: 30: x",
                               "00:00:01,000 --> 00:00:02,000 a fox", "[0 a fox [30 a cat", "0: a fox at 10:30",
                               "0: at4: x", "30: a cat 0: a fox", "0.5: a fox 30: a cat", "0: a fox 00000030: a cat"})
        EXPECT_FALSE(zt::text::is_frame_list(prompt)) << prompt;
}

TEST(FrameList, LongTextsCostNoSquare) {
    for (const char letter : {'[', '0', ' ', '1', ':', '"'})
        EXPECT_FALSE(zt::text::is_frame_list("0:x" + std::string(16 * 1024, letter)));
}

}  // namespace
