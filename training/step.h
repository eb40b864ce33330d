// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Randomness and arithmetic rate of a training step.
//
// Everything random in a step comes from its number, the seed and the worker: a run that was killed
// and goes on from its last checkpoint repeats what an unbroken run would have done, bit for bit on
// CPUs.
#pragma once

#include <torch/torch.h>

#include <chrono>
#include <random>

#include "device/precision.h"

namespace zt::training {

inline uint64_t step_seed(int64_t seed, int64_t step, int64_t worker) {
    uint64_t x = static_cast<uint64_t>(seed) * 0x9E3779B97F4A7C15u + static_cast<uint64_t>(step) * 0xD1B54A32D192ED03u +
                 static_cast<uint64_t>(worker) + 1u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

// Noise of one worker's step. CPU workers have a generator each; another device has one stream,
// whose own generator is seeded anew.
inline at::Generator step_noise(at::Device device, uint64_t seed) {
    if (device.is_cpu()) return at::detail::createCPUGenerator(seed);
    at::Generator shared = at::globalContext().defaultGenerator(device);
    shared.set_current_seed(seed);
    return shared;
}

inline std::mt19937 step_dice(uint64_t seed) {
    std::seed_seq sequence{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
    return std::mt19937(sequence);
}

// What steps compute in: bf16 where the device multiplies it in hardware, else fp32.
inline at::ScalarType work_type(at::Device device) {
    return device.is_cpu() && !device::native_bf16() ? at::kFloat : at::kBFloat16;
}

// Waits until the device has done what it was given.
inline void wait_for(const at::Tensor& result) { (void)result.flatten()[0].to(at::kCPU).to(at::kFloat).item<float>(); }

// Multiply-adds * 2 per second, in the type of the work, that one stream of this device reaches on a large product.
inline double matmul_rate(at::Device device) {
    const at::NoGradGuard no_grad;
    const int64_t n = device.is_cpu() ? 768 : 8192;
    const at::Tensor a = at::ones({n, n}, at::TensorOptions().dtype(work_type(device)).device(device));
    at::Tensor b = at::mm(a, a);
    wait_for(b);
    const auto started = std::chrono::steady_clock::now();
    int64_t count = 0;
    double seconds = 0;
    do {
        for (int i = 0; i < 4; i++, count++) b = at::mm(a, a);
        wait_for(b);
        seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    } while (seconds < 0.3);
    return 2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(count) /
           seconds;
}

}  // namespace zt::training
