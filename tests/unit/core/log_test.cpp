// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What reaches a host's log callback is one bounded line, whatever a prompt or a file holds.
#include "core/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

struct Line {
    zt_log_level level;
    std::string text;
};

std::vector<Line> logged(const std::string& message) {
    std::vector<Line> lines;
    zt::make_log(
        [](void* opaque, zt_log_level level, const char* text) {
            static_cast<std::vector<Line>*>(opaque)->push_back({level, text});
        },
        &lines)(ZT_LOG_WARNING, message);
    return lines;
}

TEST(Log, OneLineThatCannotForgeAnother) {
    const auto lines = logged("prompt: \"a fox\nerror: \x1b[31mdisk full\"");
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].level, ZT_LOG_WARNING);
    EXPECT_EQ(lines[0].text, "prompt: \"a fox\\nerror: \\x1B[31mdisk full\"");
}

TEST(Log, ALongOneIsCut) {
    const auto lines = logged(std::string(100'000, 'x'));
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_LT(lines[0].text.size(), 2100U);
    EXPECT_TRUE(lines[0].text.ends_with("…"));
}

TEST(Log, NobodyListens) { zt::make_log(nullptr, nullptr)(ZT_LOG_ERROR, "unheard"); }

}  // namespace
