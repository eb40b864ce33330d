// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sizes that do not overflow silently.
#include "core/checked.h"

#include <gtest/gtest.h>

namespace zt {
namespace {

TEST(CheckedSize, remembers_an_overflow_through_later_steps) {
    constexpr uint64_t kMax = ~uint64_t{0};
    EXPECT_EQ((CheckedSize(kMax) + 0 - 1 + 1).get(), kMax);
    EXPECT_EQ((CheckedSize(1) + kMax).get(), std::nullopt);
    EXPECT_EQ((CheckedSize(1) + kMax - 1).get(), std::nullopt);
    EXPECT_EQ((CheckedSize(1) - 2 + 2).get(), std::nullopt);
    EXPECT_EQ((CheckedSize(uint64_t{1} << 32) * (uint64_t{1} << 32) * 0).get(), std::nullopt);
    EXPECT_EQ((CheckedSize(0) * (CheckedSize(kMax) * 2)).get(), std::nullopt);
    EXPECT_EQ((CheckedSize(3) * 5 + 7).get(), 22u);
}

TEST(Narrow, keeps_the_value_or_nothing) {
    EXPECT_EQ(narrow<int32_t>(uint64_t{2147483647}), 2147483647);
    EXPECT_EQ(narrow<int32_t>(uint64_t{2147483648}), std::nullopt);
    EXPECT_EQ(narrow<uint64_t>(-1), std::nullopt);
}

}  // namespace
}  // namespace zt
