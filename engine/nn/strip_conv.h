// SPDX-License-Identifier: LGPL-2.1-or-later
//
// 3x3 convolutions of large pictures over several frames, which lie side by side in the channel axis: a convolution in
// space and time. What is read is not made in one piece: either a few tiles go through Winograd's form at a time
// (winograd_frames.h), or a strip of rows is put together, enlarged and turned into the arithmetic's type, and
// convolved by itself. So what a convolution holds beside its result does not grow with the picture. Thread-safe.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace zt::nn {

// Memory that convolutions one after the other use again: asking the system for it each time costs more than the
// turning of a kernel. One thread at a time.
struct ConvWork {
    at::Tensor kernel;
};

// Stride 1, zero padding.  frames [h, w, in] of any type; enlarge: 1, or 2 where each place of a frame stands for four;
// weight [out, frames * in, 3, 3], bias [out] -> [enlarge * h, enlarge * w, out] in the weight's type.
// points: of points_of(weight), where a caller makes several results with one kernel.
[[nodiscard]] at::Tensor conv3x3(const std::vector<at::Tensor>& frames, int64_t enlarge, const at::Tensor& weight,
                                 const at::Tensor& bias, ConvWork& work, const at::Tensor& points = {});
// The kernel in Winograd's form, in the memory of `work` until that is used again; undefined where it has none.
[[nodiscard]] at::Tensor points_of(const at::Tensor& weight, ConvWork& work);

// A kernel [out, in, 3, 3], or [out, in, time, 3, 3] of frames that will lie side by side, as it is in memory where
// conv3x3() reads it in order: the same tensor to everyone else. Others stay as they are.
[[nodiscard]] at::Tensor in_order(const at::Tensor& weight);

}  // namespace zt::nn
