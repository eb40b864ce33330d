// SPDX-License-Identifier: LGPL-2.1-or-later
//
// 3x3 convolutions of large pictures, a strip of rows at a time. What is convolved is made when its strip is: frames
// side by side in the channel axis (a convolution in space and time), a picture enlarged, numbers of another type. So
// neither that copy nor what Winograd's form needs beside it (winograd.h, where it suits) is ever as large as the
// picture. Thread-safe.
#pragma once

#include <ATen/ATen.h>

#include <functional>

namespace zt::nn {

// Rows [from, to) of what is convolved: [to - from, width, in].
using RowsFn = std::function<at::Tensor(int64_t from, int64_t to)>;

// Stride 1, zero padding.  weight [out, in, 3, 3], bias [out] -> [height, width, out]
[[nodiscard]] at::Tensor conv3x3(const RowsFn& rows, int64_t height, int64_t width, const at::Tensor& weight,
                                 const at::Tensor& bias);

}  // namespace zt::nn
