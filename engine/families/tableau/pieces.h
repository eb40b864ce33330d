// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What hangs together in a small map. Torch-free.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace zt::tableau {

// Numbers the pieces of places [h, w] for which in(index) holds, side by side or at corners; 0 is none. Returns their
// sizes by number.
template <class In>
std::vector<size_t> pieces(int w, int h, std::vector<int>& number, In in) {
    number.assign(static_cast<size_t>(w) * static_cast<size_t>(h), 0);
    std::vector<size_t> sizes(1);
    std::vector<int> open;
    for (int begin = 0; begin < w * h; begin++) {
        if (number[static_cast<size_t>(begin)] != 0 || !in(static_cast<size_t>(begin))) continue;
        const auto own = static_cast<int>(sizes.size());
        sizes.push_back(0);
        open.assign(1, begin), number[static_cast<size_t>(begin)] = own;
        while (!open.empty()) {
            const int x = open.back() % w, y = open.back() / w;
            open.pop_back(), sizes.back()++;
            for (int v = std::max(0, y - 1); v <= std::min(h - 1, y + 1); v++)
                for (int u = std::max(0, x - 1); u <= std::min(w - 1, x + 1); u++)
                    if (const auto at = static_cast<size_t>(v * w + u); number[at] == 0 && in(at))
                        number[at] = own, open.push_back(v * w + u);
        }
    }
    return sizes;
}

}  // namespace zt::tableau
