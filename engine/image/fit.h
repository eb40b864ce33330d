// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fits a picture to the frame size by the option `fit` (crop, stretch, pad). All families that take pictures begin with
// it. Torch-free.
#pragma once

#include "image/resample.h"
#include "include/zoetrope/zoetrope.h"

namespace zt::image {

// What pictures that start to move are fitted with, by every family.
inline constexpr Filter kFitFilter = Filter::kLanczos;

// ZT_FIT_CROP     scaled until it covers the size, the middle of it kept: Pillow's ImageOps.fit
// ZT_FIT_STRETCH  scaled to the size, whatever its shape: what diffusers does
// ZT_FIT_PAD      scaled until it lies in the size, black around it: Pillow's ImageOps.pad
// Errors as resize(). The same size gives the same bytes back.
[[nodiscard]] Picture fit(const Picture& picture, int64_t width, int64_t height, zt_fit how,
                          Filter filter = kFitFilter);

// Halves go to the even neighbour, whatever rounding mode the host has set: Python's round().
[[nodiscard]] int64_t round_half_even(double value);

}  // namespace zt::image
