// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The given picture as the two networks that look at it want it. Sampling follows Pillow to the bit,
// as the reference does (engine/image).
#pragma once

#include <ATen/ATen.h>

#include "families/family.h"

namespace zt::hunyuan_video {

// For the VAE: fitted to width x height (Lanczos), [1, 3, height, width] fp32 in -1..1, on the CPU.
[[nodiscard]] at::Tensor vae_pixels(const families::Picture& picture, int width, int height, zt_fit fit);

// For CLIP's vision tower: short side to `size`, centre crop, normalised, [3, size, size] fp32, on the CPU.
[[nodiscard]] at::Tensor clip_pixels(const families::Picture& picture, int64_t size);

// A black picture of the same size: what the negative branch of true guidance looks at.
[[nodiscard]] families::Picture black_like(const families::Picture& picture);

}  // namespace zt::hunyuan_video
