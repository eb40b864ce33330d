// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Products with a weight matrix. On CPUs by oneDNN where it is part of LibTorch: its fp32 kernels use
// the processor's full vectors where the BLAS behind at::linear may not, and it applies bias and
// activation on the way out. Elsewhere by plain ATen.
#pragma once

#include <ATen/ATen.h>

namespace zt::nn {

// x [..., in], weight [out, in], bias [out] or undefined, all of one type -> [..., out].
[[nodiscard]] at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

// gelu(linear(x)), the tanh approximation.
[[nodiscard]] at::Tensor linear_gelu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace zt::nn
