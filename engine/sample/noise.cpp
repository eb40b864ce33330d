// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The noise stream; see noise.h.
#include "sample/noise.h"

#include <ATen/CPUGeneratorImpl.h>

namespace zt::sample {

Noise::Noise(int64_t seed) : generator_(at::detail::createCPUGenerator(static_cast<uint64_t>(seed))) {}

at::Tensor Noise::draw(at::IntArrayRef sizes) {
    return at::randn(sizes, generator_, at::TensorOptions().dtype(at::kFloat));
}

}  // namespace zt::sample
