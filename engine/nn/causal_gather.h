// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a causal convolution reads, laid side by side: for every result the frames it looks at, one
// behind the other in the channel axis, with the border repeated around, and on request normalised
// and passed through SiLU on the way. Makes a 2-D convolution of a 3-D one, a few frames at a time.
//
// Two forms that agree to the last bit or two: at::Tensor operations for any device and type, and a
// fused kernel for fp32 and bf16 on CPUs. Thread-safe.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "nn/layers.h"

namespace zt::nn {

// A group normalisation as one multiplication and addition per channel, fp32 [channel];
// undefined: the values as they are.
struct ChannelAffine {
    at::Tensor scale, shift;
};

// Statistics over all of x [frame, height, width, channel] and the channels of a group.
[[nodiscard]] ChannelAffine group_norm(const Norm& norm, const at::Tensor& x, int64_t groups, double epsilon,
                                       bool fused);
// The same of several pieces of equal size, whose statistics are taken together.
[[nodiscard]] ChannelAffine group_norm(const Norm& norm, const std::vector<at::Tensor>& pieces, int64_t groups,
                                       double epsilon, bool fused);

// Some results of a convolution and what they read: `taps` frames that end with the present one.
struct Window {
    int64_t frame = 0, frames = 0;  // results, in time ...
    int64_t row = 0, rows = 0;      // ... and rows of them, over the whole width
    int64_t taps = 3;
    int64_t time = 1, space = 1;  // strides
    [[nodiscard]] int64_t rows_read() const { return (rows - 1) * space + 3; }
};

// x [frame, height, width, channel] -> [window.frames, window.rows_read(), width + 2, taps * channel]:
// silu(affine(x)), or x.
[[nodiscard]] at::Tensor gather(const at::Tensor& x, const ChannelAffine& affine, const Window& window, bool fused);

}  // namespace zt::nn
