// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Preprocessing of a picture for CLIP's vision tower: the short side is resized (bicubic, on bytes), the middle square
// cut out, values scaled to 0..1 and normalised. Bit-equal to CLIPImageProcessorPil of transformers. Torch-free.
#pragma once

#include <cstdint>
#include <vector>

#include "image/resample.h"

namespace zt::image {

// [3, size, size], planes of red, green, blue. Throws ARGUMENT as resize() does, and for a picture so
// long that its scaled side passes kMaxSide.
[[nodiscard]] std::vector<float> clip_pixels(const Picture& picture, int64_t size);

}  // namespace zt::image
