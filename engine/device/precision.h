// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which arithmetic a device does natively.
#pragma once

#include <ATen/ATen.h>

#include <string>

namespace zt::device {

// True where the processor multiplies bf16 in hardware (AMX-BF16, AVX512-BF16) and the environment
// does not hold the kernels back from it (ONEDNN_MAX_CPU_ISA).
[[nodiscard]] bool native_bf16();

// True where products in bf16 are faster than in fp32: tile registers (AMX). AVX512-BF16 alone is not: two cores of a
// Xeon reach 140 GFLOP/s with it, 270 in fp32 (1797 x 2048 x 16384, LibTorch 2.11).
[[nodiscard]] bool fast_bf16();

// "auto" -> bf16 where native, else fp32; "fp32" and "bf16" as asked. Anything else throws
// zt::Error(UNSUPPORTED): an explicit choice is never replaced.
[[nodiscard]] at::ScalarType cpu_precision(const std::string& precision);

}  // namespace zt::device
