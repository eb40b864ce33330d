// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Winograd's form (winograd.h) of a convolution over several frames on processors with 512-bit vectors: a few tiles at
// a time go to their points, through the products and back without leaving the processor's cache, so that memory sees
// each frame once and nothing else. Thread-safe.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace zt::nn {

// Whether winograd_frames() can do it: fp32 weight [out, frames * in, 3, 3] on the CPU, `in` a multiple of 16 and `out`
// of 32; frames fp32 or fp16.
[[nodiscard]] bool winograd_frames_suit(const std::vector<at::Tensor>& frames, const at::Tensor& weight);

// Stride 1, zero padding.  frames [h, w, in], oldest first; enlarge: 1, or 2 where each place stands for four;
// kernel: winograd_kernel() [30, frames * in, out], bias [out] -> [enlarge * h, enlarge * w, out]
[[nodiscard]] at::Tensor winograd_frames(const std::vector<at::Tensor>& frames, int64_t enlarge,
                                         const at::Tensor& kernel, const at::Tensor& bias);

}  // namespace zt::nn
