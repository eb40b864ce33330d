// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A channel of a picture, small: what rules that look for things work on. Torch-free.
#pragma once

#include <algorithm>

#include "families/tableau/sight.h"
#include "families/tableau/warp.h"

namespace zt::tableau {

// The picture's size where its longer side is at most `side`; 8 at least.
struct SmallSize {
    int width, height;
};
[[nodiscard]] inline SmallSize small_size(const Texture& t, int side) {
    const float scale = std::min(1.F, static_cast<float>(side) / static_cast<float>(std::max(t.width, t.height)));
    return {std::max(8, static_cast<int>(static_cast<float>(t.width) * scale)),
            std::max(8, static_cast<int>(static_cast<float>(t.height) * scale))};
}

// channel: 0 to 2. Means of the pixels that each of width x height values covers, 0..1.
[[nodiscard]] inline Map channel_of(const Texture& t, size_t channel, int width, int height) {
    return means_of<float>(t.width, t.height, width, height, 1.F, [&](int x, int y) {
        return t.pixels[4 * (static_cast<size_t>(y) * static_cast<size_t>(t.width) + static_cast<size_t>(x)) + channel];
    });
}

}  // namespace zt::tableau
