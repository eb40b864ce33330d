// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See turn.h. Each orientation is a mirror image across, down or both, and from 5 on rows and columns
// change places.
#include "image/turn.h"

#include <cstring>
#include <utility>

namespace zt::image {

Picture turn(Picture picture, int orientation) {
    check(picture);
    if (orientation <= 1) return picture;
    const bool transposed = orientation >= 5;
    // Whether columns and rows of the stored picture are taken from its far end.
    const bool from_right = orientation == 2 || orientation == 3 || orientation >= 7;
    const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    Picture out{picture.width, picture.height, std::vector<uint8_t>(picture.rgb.size())};
    if (transposed) std::swap(out.width, out.height);
    uint8_t* to = out.rgb.data();
    for (int64_t y = 0; y < out.height; ++y) {
        for (int64_t x = 0; x < out.width; ++x, to += 3) {
            const int64_t column = transposed ? y : x, row = transposed ? x : y;
            const int64_t from_x = from_right ? picture.width - 1 - column : column;
            const int64_t from_y = from_bottom ? picture.height - 1 - row : row;
            std::memcpy(to, picture.rgb.data() + 3 * (from_y * picture.width + from_x), 3);
        }
    }
    return out;
}

}  // namespace zt::image
