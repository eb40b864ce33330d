// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A host's pixels become 8-bit RGB: the way back of color.h, for pictures that condition.
#pragma once

#include <cstdint>
#include <vector>

#include "include/zoetrope/zoetrope.h"

namespace zt::pipeline {

// What a plane of a picture holds; sides of chroma planes are rounded up.
struct PlaneExtent {
    int rows;
    int64_t row_bytes;
};
[[nodiscard]] int plane_count(zt_pixel_format format) noexcept;
[[nodiscard]] PlaneExtent plane_extent(zt_pixel_format format, int plane, int width, int height);

// [height, width, 3], full range; each value the nearest, chroma interpolated linearly. The picture
// must be a valid one (images.h). The host's rounding mode does not matter.
[[nodiscard]] std::vector<uint8_t> to_rgb(const zt_image& image);

}  // namespace zt::pipeline
