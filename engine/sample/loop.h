// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The denoise loop: of every family that makes latents out of noise.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/cancel.h"
#include "sample/solver.h"

namespace zt::sample {

// The network: fp32 latents at a step, with the prompt or (negative) the one to stay away from -> their velocity d
// latents / d sigma, in the type of the network. Which weights it uses at which step (two experts), and what it puts
// beside the latents, is its own.
using VelocityFn = std::function<at::Tensor(const at::Tensor& latents, int64_t step, bool negative)>;

struct Loop {
    const Levels& levels;
    Solver& solver;
    // Classifier-free guidance of a step: away + guidance (with - away), in two passes; at most 1: one pass (Ho and
    // Salimans 2207.12598).
    std::function<double(int64_t step)> guidance;
    std::function<void(int64_t step, int64_t steps)> progress;  // told before each step, and at the end (steps, steps)
};

// noise: fp32 latents at levels.sigmas[0]. Returns clean fp32 latents. Nothing waits for a device; cancel is polled
// once per step here and inside the network.
[[nodiscard]] at::Tensor denoise(const Loop& loop, const at::Tensor& noise, const VelocityFn& velocity,
                                 const Cancel& cancel);

// The same for several kinds of latents that one network sees at once (picture and sound): in every step each goes down
// its own levels by its own solver.
struct Stream {
    const Levels& levels;
    Solver& solver;
};
// As above, one tensor for each stream, in their order.
using VelocitiesFn =
    std::function<std::vector<at::Tensor>(std::span<const at::Tensor> latents, int64_t step, bool negative)>;
struct JointLoop {
    std::vector<Stream> streams;
    std::function<double(int64_t step)> guidance;
    std::function<void(int64_t step, int64_t steps)> progress;
};
// noise: one tensor for each stream. Throws zt::Error(INTERNAL) for streams with different numbers of steps.
[[nodiscard]] std::vector<at::Tensor> denoise(const JointLoop& loop, std::vector<at::Tensor> noise,
                                              const VelocitiesFn& velocities, const Cancel& cancel);

// Velocity of x_sigma = (1 - sigma) x + sigma noise for a network that predicts x: (x_sigma - x) / sigma.
[[nodiscard]] at::Tensor velocity_from_clean(const at::Tensor& noisy, const at::Tensor& clean, float sigma);

}  // namespace zt::sample
