// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A picture as autoencoders of videos want it.
#pragma once

#include <ATen/ATen.h>

#include "image/fit.h"

namespace zt::encoders {

// Fitted to width x height (Lanczos, to the bit as Pillow), [1, 3, height, width] fp32 in -1..1, on the CPU.
[[nodiscard]] at::Tensor vae_pixels(const image::Picture& picture, int width, int height, zt_fit fit);

}  // namespace zt::encoders
