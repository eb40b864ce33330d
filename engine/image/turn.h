// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Applies an EXIF orientation: rotates or mirrors a picture so that it is upright, without resampling. Torch-free.
#pragma once

#include "image/resample.h"

namespace zt::image {

// orientation as in EXIF (CIPA DC-008, tag 0x0112): 1 to 8 say on which sides of the upright picture its
// first row and first column lie; 0 is read as 1, upright already. Errors as resize().
[[nodiscard]] Picture turn(Picture picture, int orientation);
// The same of one channel: plane is [height, width], and [width, height] when it comes back turned on its side.
[[nodiscard]] std::vector<uint8_t> turn_plane(std::vector<uint8_t> plane, int64_t width, int64_t height,
                                              int orientation);

}  // namespace zt::image
