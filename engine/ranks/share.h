// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How things are divided between ranks. Torch-free.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace zt::ranks {

// The part of `all` that is rank's of `size`: even parts, and the first ranks have one more.
struct Share {
    int64_t first = 0, count = 0;
};
[[nodiscard]] constexpr Share share_of(int64_t all, int rank, int size) {
    const int64_t each = all / size, more = all % size;
    return {rank * each + std::min<int64_t>(rank, more), each + (rank < more ? 1 : 0)};
}

// How `size` ranks share the attention of some heads: `exchange` neighbours take `heads` heads each, and of `groups`
// such groups each gathers the others' keys and values; exchange * groups = size. Where a machine's ranks divide so the
// exchange, for which all wait, stays inside a machine, and only what travels beside the computing crosses.
struct Split {
    int exchange = 1, groups = 1;
    int64_t heads = 0;
};
[[nodiscard]] constexpr Split split_of(int64_t heads, int size) {
    const auto exchange = static_cast<int>(std::gcd(heads, int64_t{size}));
    return {exchange, size / exchange, heads / exchange};
}

// Keys and values are gathered for so many of `heads` heads at once: the first come while nothing is computed, and two
// such runs are in memory, so each is an eighth.
[[nodiscard]] constexpr int64_t heads_at_a_time(int64_t heads) { return (heads + 7) / 8; }

}  // namespace zt::ranks
