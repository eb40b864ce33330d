// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The turn that ConvRot files put groups of columns through before they were rounded to int8, so that no column is much
// larger than the others (comfy-kitchen). Torch-free; pure functions.
#pragma once

#include <cstdint>

namespace zt::weights {

// values [count], count a multiple of group: each group times the regular Hadamard matrix of that size, which has
// 1 / sqrt(group) everywhere, negative where an odd number of base-4 digits of row and column differ in both bits. It
// undoes itself. In log4(group) stages, from neighbours outwards, each of four numbers a, b, c, d:
//   (a + b) + (c - d), (a + b) - (c - d), (a - b) + (c + d), (c + d) - (a - b)
// and the factor, a power of two, at the end. group: a power of 4.
void turn_groups(float* values, int64_t count, int64_t group) noexcept;

}  // namespace zt::weights
