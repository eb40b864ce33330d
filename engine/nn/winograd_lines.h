// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Convolutions of lines (sound) with half of the products: Winograd's minimal filtering (Lavin & Gray, arXiv
// 1509.09308) as F(4, 4). A kernel is cut into pieces of four taps; four outputs are, per piece, products at seven
// points where the plain form has sixteen, and the pieces share the points of the input. For fp32 on CPUs with 512-bit
// vectors; results differ from the plain form by about 1e-6 of their size.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace zt::nn {

// True where a convolution can be computed so: fp32 in whole lines on the CPU, kernel [out, in, taps] with out in
// eights and an odd number of taps, three or more.
[[nodiscard]] bool winograd_lines_suit(const at::Tensor& x, const at::Tensor& weight);

// Stride 1, as much zero padding as keeps the length: output n is the sum over taps k of
// weight[k] x[n + (k - taps / 2) dilation], plus the bias and, unless it is undefined, `plus`.
//   x [batch, in, samples], weight [out, in, taps], bias [out] or undefined, plus [batch, out, samples], contiguous
// -> [batch, out, samples]. Each output is the same sum in the same order however many lines, samples and threads.
[[nodiscard]] at::Tensor winograd_lines(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                        int64_t dilation, const at::Tensor& plus = {});

}  // namespace zt::nn
