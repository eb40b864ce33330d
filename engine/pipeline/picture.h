// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Colour conversion of input pictures: the host's pixel format becomes 8-bit RGB, the reverse of color.h. Pictures
// with alpha are composited over a background colour.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "include/zoetrope/zoetrope.h"

namespace zt::pipeline {

// What a plane of a picture holds; sides of chroma planes are rounded up.
struct PlaneExtent {
    int rows;
    int64_t row_bytes;
};
// Without a plane of alpha: that one is as the first.
[[nodiscard]] int plane_count(zt_pixel_format format) noexcept;
[[nodiscard]] PlaneExtent plane_extent(zt_pixel_format format, int plane, int width, int height);

// Whether a fourth plane is the alpha of the other three.
[[nodiscard]] bool has_alpha_plane(const zt_image& image) noexcept;

using Rgb = std::array<uint8_t, 3>;
inline constexpr Rgb kWhite = {255, 255, 255};

// [height, width, 3], full range; each value the nearest, chroma interpolated linearly. The picture
// must be a valid one (images.h). The host's rounding mode does not matter.
//
// With an alpha channel each value is alpha * colour + (1 - alpha) * background, of the values as they
// are shown (not of light), rounded once: where alpha is 0 exactly the background, where it is full
// exactly what it would be without alpha. Premultiplied: colour + (1 - alpha) * background.
[[nodiscard]] std::vector<uint8_t> to_rgb(const zt_image& image, const Rgb& background = kWhite);

// [height, width], 255 = opaque, to nearest; empty for a picture without an alpha channel or with one that is
// opaque everywhere. The picture must be a valid one.
[[nodiscard]] std::vector<uint8_t> to_alpha(const zt_image& image);

}  // namespace zt::pipeline
