// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Rotary positions of tokens: three axes (time, row, column) share the channels of a head. A table is made once
// per grid and holds one value per pair of channels.
#pragma once

#include <ATen/ATen.h>

#include <array>
#include <cstdint>

namespace zt::nn {

// Immutable; thread-safe to share.
struct Rope {
    at::Tensor cos, sin;  // [tokens, pairs] fp32; of make_rope: tokens in the order time, row, column
};

struct RopeAxis {
    int64_t channels = 0;  // of the head that turn with this axis, an even number
    int64_t count = 0;     // positions: first, first + 1, ...
    int64_t first = 0;
    at::Tensor at = {};  // or these instead [count]
};
// Positions of any kind, one row of three for each token [tokens, 3], fp64: they are rounded to fp32 first. Every axis
// has the same `frequencies`, theta^(-k / frequencies); the pairs of the first axis come first.
[[nodiscard]] Rope rope_at(const at::Tensor& positions, int64_t frequencies, double theta);

// Frequency k of an axis with d channels is theta^(-2k/d). options: type and device of the angles; the order of
// operations is that of both references (diffusers 0.42.1), one in fp32, one in fp64.
[[nodiscard]] Rope make_rope(const std::array<RopeAxis, 3>& axes, double theta, const at::TensorOptions& options);

}  // namespace zt::nn
