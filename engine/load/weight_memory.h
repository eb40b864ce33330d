// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where weights lie in memory.
#pragma once

#include <ATen/ATen.h>

namespace zt::load {

// Memory of undefined values. On the host large pieces lie outside of the C library's heap, so that they go back to the
// system when they are freed.
[[nodiscard]] at::Tensor weight_memory(at::IntArrayRef sizes, at::ScalarType type, at::Device device);

}  // namespace zt::load
