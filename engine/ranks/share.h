// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How many things are divided between ranks: evenly, and the first ranks have one more. Torch-free.
#pragma once

#include <algorithm>
#include <cstdint>

namespace zt::ranks {

// The part of `all` that is rank's of `size`.
struct Share {
    int64_t first = 0, count = 0;
};
[[nodiscard]] constexpr Share share_of(int64_t all, int rank, int size) {
    const int64_t each = all / size, more = all % size;
    return {rank * each + std::min<int64_t>(rank, more), each + (rank < more ? 1 : 0)};
}

}  // namespace zt::ranks
