// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The elementwise work of transformer blocks whose residual stream stays in fp32 while the matrices compute in another
// type T, with RMS norms, gated units (SwiGLU, arXiv 2002.05202) and scaled branches (LayerScale, arXiv 2103.17239).
// One pass over memory each, sums in fp32, one rounding at the end. Own loops on CPUs for T fp32 and bf16; elsewhere,
// and as the reference of the tests, the same formulas as tensor operations (plain::).
#pragma once

#include <ATen/ATen.h>

namespace zt::nn {

// out = x / sqrt(mean(x^2) + eps) weight.
//   x [tokens, h] fp32, weight [h], out [tokens, h] T; out is overwritten, rows contiguous.
void rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& out);

// x += scale y.   x [tokens, h] fp32, y [tokens, h] T, scale [h]; x is overwritten.
void add_scaled(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale);

// out = value silu(gate), the value in the first half of a row.   x [tokens, 2 f], out [tokens, f], one type T.
void swiglu(const at::Tensor& x, const at::Tensor& out);

namespace plain {
void rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& out);
void add_scaled(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale);
void swiglu(const at::Tensor& x, const at::Tensor& out);
}  // namespace plain

}  // namespace zt::nn
