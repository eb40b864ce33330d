// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much convolutions of large pictures work on at a time, in bytes; for memory plans too. Torch-free.
#pragma once

#include <cstdint>

namespace zt::nn {

// What conv3x3() (strip_conv.h) holds at most beside its weights and its result, about.
inline constexpr int64_t kStripBytes = int64_t{48} << 20;
// What a convolution gathers at a time (causal_gather.h), about.
inline constexpr int64_t kGatherBytes = int64_t{64} << 20;

}  // namespace zt::nn
