// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Noise levels as vectors.
#pragma once

#include <ATen/ATen.h>

namespace zt::nn {

// [cos(t f) | sin(t f)], f_k = 10000^(-k / (features / 2)), in fp32.   t [n] -> [n, features]; features: even
[[nodiscard]] at::Tensor sinusoid(const at::Tensor& t, int64_t features);

// [sin(p f) | cos(p f)] of places p = 0, 1 ... divided by `scale`, which is done in fp32 and the rest in fp64: added to
// tokens. -> [count, features] fp64; features: even
[[nodiscard]] at::Tensor place_sines(int64_t count, int64_t features, double scale);

}  // namespace zt::nn
