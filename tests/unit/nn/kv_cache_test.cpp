// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which blocks are remembered, and where.
#include "nn/kv_cache.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace {

using namespace zt::nn;

// Writes block after block, each filled with its number, and tells which ones attention sees.
std::vector<std::set<int64_t>> seen(KvCache& cache, int64_t blocks) {
    std::vector<std::set<int64_t>> all;
    for (int64_t i = 0; i < blocks; i++) {
        for (int64_t layer = 0; layer < 2; layer++) {
            const KeyValues own = cache.layer(layer);
            own.k.narrow(1, own.first, 2).fill_(i);
            own.v.narrow(1, own.first, 2).fill_(i + 100 * layer);
        }
        std::set<int64_t> numbers;
        const KeyValues first = cache.layer(0), second = cache.layer(1);
        for (int64_t row = 0; row < first.rows; row++) {
            const int64_t number = first.k[0][row][0].item<int64_t>();
            EXPECT_EQ(second.v[2][row][3].item<int64_t>(), number + 100);
            numbers.insert(number);
        }
        EXPECT_EQ(first.rows, 2 * static_cast<int64_t>(numbers.size()));
        all.push_back(numbers);
        cache.advance();
    }
    return all;
}

using Seen = std::vector<std::set<int64_t>>;

TEST(KvCache, TheOldestThatIsNoSinkMakesRoom) {
    const at::TensorOptions options = at::kFloat;
    KvCache plain({2, 3, 4, 2, 3, 0}, options), sink({2, 3, 4, 2, 3, 1}, options), most({2, 3, 4, 2, 3, 2}, options),
        one({2, 3, 4, 2, 1, 0}, options);
    EXPECT_EQ(seen(plain, 6), (Seen{{0}, {0, 1}, {0, 1, 2}, {1, 2, 3}, {2, 3, 4}, {3, 4, 5}}));
    EXPECT_EQ(seen(sink, 6), (Seen{{0}, {0, 1}, {0, 1, 2}, {0, 2, 3}, {0, 3, 4}, {0, 4, 5}}));
    EXPECT_EQ(seen(most, 5), (Seen{{0}, {0, 1}, {0, 1, 2}, {0, 1, 3}, {0, 1, 4}}));
    EXPECT_EQ(seen(one, 3), (Seen{{0}, {1}, {2}}));
    plain.clear();
    EXPECT_EQ(seen(plain, 2), (Seen{{0}, {0, 1}}));
}

}  // namespace
