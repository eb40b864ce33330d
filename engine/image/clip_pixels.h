// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A picture as CLIP's vision tower reads it: short side to the size, bicubic on bytes, the middle
// square, to 0..1, normalised. Equal to transformers' CLIPImageProcessorPil, bit for bit. Torch-free.
#pragma once

#include <cstdint>
#include <vector>

#include "image/resample.h"

namespace zt::image {

// [3, size, size], planes of red, green, blue. Throws ARGUMENT as resize() does, and for a picture so
// long that its scaled side passes kMaxSide.
[[nodiscard]] std::vector<float> clip_pixels(const Picture& picture, int64_t size);

}  // namespace zt::image
