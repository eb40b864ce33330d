// SPDX-License-Identifier: LGPL-2.1-or-later
//
// For memory plans. Torch-free.
#pragma once

#include <cstdint>

namespace zt::nn {

// What conv3x3() (strip_conv.h) holds at most beside its weights and its result, about.
inline constexpr int64_t kStripBytes = int64_t{160} << 20;

}  // namespace zt::nn
