// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The two elementwise halves of an AdaLN sub-layer. One sample of the condition serves
// x.size(0) / shift.size(0) consecutive pictures of x.
#pragma once

#include <ATen/ATen.h>

namespace zt::nn {

// layer_norm(x) * (1 + scale) + shift, no affine, eps 1e-6.
//   x [pictures, height, width, channel], shift and scale [samples, channel]
[[nodiscard]] at::Tensor modulated_norm(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale);

// x + y * gate.   x, y [pictures, height, width, channel], gate [samples, channel]
[[nodiscard]] at::Tensor gated_add(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate);

}  // namespace zt::nn
