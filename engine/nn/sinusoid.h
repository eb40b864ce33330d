// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Noise levels as vectors.
#pragma once

#include <ATen/ATen.h>

namespace zt::nn {

// [cos(t f) | sin(t f)], f_k = 10000^(-k / (features / 2)), in fp32.   t [n] -> [n, features]; features: even
[[nodiscard]] at::Tensor sinusoid(const at::Tensor& t, int64_t features);

}  // namespace zt::nn
