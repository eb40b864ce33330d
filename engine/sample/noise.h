// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where the seed becomes noise: always on the CPU and with LibTorch's own generator (mt19937), so
// that a seed means the same on every device and the same as in the Python reference. That generator takes the
// lower 32 bits of a seed: seeds that differ by a multiple of 2^32 give the same noise.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace zt::sample {

// A stream of standard normal numbers. One thread at a time.
class Noise {
public:
    explicit Noise(int64_t seed);
    // fp32, on the CPU. Draws depend on the sizes asked for before.
    [[nodiscard]] at::Tensor draw(at::IntArrayRef sizes);

private:
    at::Generator generator_;
};

}  // namespace zt::sample
