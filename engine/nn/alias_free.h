// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The activation of BigVGAN (Lee et al., arXiv 2206.04658): SnakeBeta at twice the sampling rate, so that the overtones
// it makes can be filtered away before they fold back.
#pragma once

#include <ATen/ATen.h>

namespace zt::nn {

// 12 taps of a low pass at a quarter of the sampling rate: a sinc under a Kaiser window whose beta follows from a
// transition of 0.3 of the rate to either side; their sum is 1. [12] fp32.
[[nodiscard]] at::Tensor kaiser_sinc();

// x at twice the rate by the filter, v + sin(frequency v)^2 magnitude, and back by the filter; beyond its ends a signal
// keeps its last value.
//   x                     [batch, channels, samples] fp32, contiguous
//   frequency, magnitude  [channels] fp32
//   filter                kaiser_sinc() on x's device
// -> like x. Own loop on CPUs; elsewhere, and as the reference of the tests, tensor operations (plain::).
[[nodiscard]] at::Tensor alias_free_snake(const at::Tensor& x, const at::Tensor& frequency, const at::Tensor& magnitude,
                                          const at::Tensor& filter);

namespace plain {
[[nodiscard]] at::Tensor alias_free_snake(const at::Tensor& x, const at::Tensor& frequency, const at::Tensor& magnitude,
                                          const at::Tensor& filter);
}  // namespace plain

}  // namespace zt::nn
