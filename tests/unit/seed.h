// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The seed of a random test: ZT_TEST_SEED, else a constant; recorded in the test's report.
#pragma once

#include <gtest/gtest.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace zt::test {

inline uint32_t test_seed() {
    uint32_t seed = 20240601;
    if (const char* text = std::getenv("ZT_TEST_SEED")) {
        const std::string_view view = text;
        std::from_chars(view.data(), view.data() + view.size(), seed);
    }
    ::testing::Test::RecordProperty("seed", static_cast<int>(seed));
    return seed;
}

}  // namespace zt::test
