// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The denoise loop.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <vector>

#include "core/cancel.h"

namespace zt::sample {

// From noise to clean latents by Euler steps along the flow's velocity.
//   latents   standard normal noise, fp32
//   sigmas    falling from 1 to 0, one more than there are steps
//   velocity  (latents at sigma, sigma) -> d latents / d sigma, same shape, fp32
//   step      told before each step: number from 0 and how many there are
// Cancel is polled once per step here and inside the network.
[[nodiscard]] at::Tensor denoise(at::Tensor latents, const std::vector<float>& sigmas,
                                 const std::function<at::Tensor(const at::Tensor&, float)>& velocity,
                                 const std::function<void(int, int)>& step, const Cancel& cancel);

// Velocity of x_sigma = (1 - sigma) x + sigma noise for a network that predicts x: (x_sigma - x) / sigma.
[[nodiscard]] at::Tensor velocity_from_clean(const at::Tensor& noisy, const at::Tensor& clean, float sigma);

}  // namespace zt::sample
