// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A picture meets a size it was not made for: what every family that animates pictures does first.
// Torch-free.
#pragma once

#include "image/resample.h"

namespace zt::image {

enum class Fit {
    kCrop,      // scaled until it covers the size, the middle of it kept: Pillow's ImageOps.fit
    kStretch,   // scaled to the size, whatever its shape: what diffusers does
    kPad,       // scaled until it lies in the size, black around it: Pillow's ImageOps.pad
};

// Errors as resize(). The same size gives the same bytes back.
[[nodiscard]] Picture fit(const Picture& picture, int64_t width, int64_t height, Fit how, Filter filter);

}  // namespace zt::image
