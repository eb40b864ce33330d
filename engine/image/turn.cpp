// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See turn.h. An orientation mirrors columns, rows, or both; numbers from 5 on also transpose.
#include "image/turn.h"

#include <cstring>
#include <string>
#include <utility>

#include "core/error.h"

namespace zt::image {

namespace {

// values: [height, width, Channels]. What comes out has the other shape from orientation 5 on.
template <size_t Channels>
std::vector<uint8_t> turned(const std::vector<uint8_t>& values, int64_t width, int64_t height, int orientation) {
    const bool transposed = orientation >= 5;
    // Whether columns and rows of the stored picture are taken from its far end.
    const bool from_right = orientation == 2 || orientation == 3 || orientation >= 7;
    const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const int64_t rows = transposed ? width : height, columns = transposed ? height : width;
    std::vector<uint8_t> out(values.size());
    uint8_t* to = out.data();
    for (int64_t y = 0; y < rows; ++y) {
        for (int64_t x = 0; x < columns; ++x, to += Channels) {
            const int64_t column = transposed ? y : x, row = transposed ? x : y;
            const int64_t from_x = from_right ? width - 1 - column : column;
            const int64_t from_y = from_bottom ? height - 1 - row : row;
            std::memcpy(to, values.data() + static_cast<int64_t>(Channels) * (from_y * width + from_x), Channels);
        }
    }
    return out;
}

}  // namespace

Picture turn(Picture picture, int orientation) {
    check(picture);
    if (orientation <= 1) return picture;
    Picture out{picture.width, picture.height, turned<3>(picture.rgb, picture.width, picture.height, orientation)};
    if (orientation >= 5) std::swap(out.width, out.height);
    return out;
}

std::vector<uint8_t> turn_plane(std::vector<uint8_t> plane, int64_t width, int64_t height, int orientation) {
    check_size(width, height);
    if (static_cast<int64_t>(plane.size()) != width * height)
        throw Error(ZT_ERROR_ARGUMENT, "image: expected " + std::to_string(width * height) + " bytes, got " +
                                           std::to_string(plane.size()));
    return orientation <= 1 ? plane : turned<1>(plane, width, height, orientation);
}

}  // namespace zt::image
