// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The turn of int8 files against its definition.
#include "weights/turn.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "checkpoint_draft.h"
#include "weights/encoding.h"

namespace zt::weights {
namespace {

int sign(int64_t row, int64_t column) {
    bool odd = false;
    for (int64_t digits = row ^ column; digits > 0; digits /= 4) odd ^= digits % 4 == 3;
    return odd ? -1 : 1;
}

TEST(Turn, IsTheRegularHadamardMatrix) {
    test::Random random(1);
    for (const int64_t group : {4, 16, 64, 256, 1024}) {
        std::vector<float> values;
        for (int64_t i = 0; i < 2 * group; i++) values.push_back(static_cast<float>(random.below(2001)) - 1000);
        std::vector<float> turned = values;
        turn_groups(turned.data(), 2 * group, group);
        for (int64_t i = 0; i < 2 * group; i++) {
            double sum = 0;
            for (int64_t j = 0; j < group; j++)
                sum += sign(i % group, j) * static_cast<double>(values[static_cast<size_t>(i / group * group + j)]);
            EXPECT_NEAR(turned[static_cast<size_t>(i)], sum / std::sqrt(static_cast<double>(group)), 0.02) << group;
        }
        turn_groups(turned.data(), 2 * group, group);  // undoes itself
        for (size_t i = 0; i < values.size(); i++) EXPECT_NEAR(turned[i], values[i], 0.01) << group;
    }
}

TEST(Turn, GroupsThatAreReadHaveAnEncoding) {
    for (const int64_t group : {0, 4, 16, 64, 256, 1024}) {
        const auto encoding = int8_encoding(group);
        ASSERT_TRUE(encoding) << group;
        EXPECT_EQ(block_shape(*encoding).values, group == 0 ? 1 : group);
        EXPECT_EQ(block_shape(*encoding).bytes, block_shape(*encoding).values);
        EXPECT_TRUE(needs_scale(*encoding));
    }
    for (const int64_t group : {-4, 1, 2, 8, 32, 4096}) EXPECT_FALSE(int8_encoding(group)) << group;
    EXPECT_FALSE(is_int8(Encoding::kIQ4XS));
    EXPECT_FALSE(needs_scale(Encoding::kQ8_0));
}

}  // namespace
}  // namespace zt::weights
