// SPDX-License-Identifier: LGPL-2.1-or-later
//
// 3x3 convolutions with under a third of the products: Winograd's minimal filtering (Lavin & Gray,
// arXiv 1509.09308). A tile of 3x4 outputs is the sum over channels of 30 products where the plain
// form has 108: inputs and kernel are turned into values at 30 points, multiplied there, and turned
// back. For fp32 on CPUs, where products are what a convolution waits for; results differ from the
// plain form by about 1e-6 of their size.
#pragma once

#include <ATen/ATen.h>

namespace zt::nn {

// True where a kernel [out, in, 3, 3] can be used so: fp32 on the CPU, channels in eights.
[[nodiscard]] bool winograd_suits(const at::Tensor& weight);

// Kernel [out, in, 3, 3] at the points: [30, in, out]. Differentiable by plain autograd. room: memory to put it into,
// made larger where it is too small; null: memory of its own.
[[nodiscard]] at::Tensor winograd_kernel(const at::Tensor& weight, at::Tensor* room = nullptr);

// Stride 1, zero padding.   x [batch, height, width, in], kernel [30, in, out], bias [out]
// -> [batch, height, width, out]
[[nodiscard]] at::Tensor winograd(const at::Tensor& x, const at::Tensor& kernel, const at::Tensor& bias);

// The same where rows above and below of what is given are neighbours of what is asked for: the result has
// above + below rows less.
[[nodiscard]] at::Tensor winograd_strip(const at::Tensor& x, const at::Tensor& kernel, const at::Tensor& bias,
                                        int64_t above, int64_t below);

// The two linear maps around the products, and their adjoints (for gradients). Tiles go by picture,
// row and column; the last ones may hang over the edge.
//   pictures [batch, height, width, channels] <-> points [30, tiles, channels]
struct Extent {
    int64_t batch, height, width;
};
[[nodiscard]] at::Tensor winograd_points(const at::Tensor& pictures);
[[nodiscard]] at::Tensor winograd_pictures(const at::Tensor& points, const Extent& extent, const at::Tensor& bias);
[[nodiscard]] at::Tensor winograd_points_adjoint(const at::Tensor& points, const Extent& extent);  // -> pictures
[[nodiscard]] at::Tensor winograd_pictures_adjoint(const at::Tensor& pictures);                    // -> points

// The two maps that winograd() uses. A trainer puts differentiable ones in their place before anything
// is computed; the engine never does.
struct WinogradMaps {
    at::Tensor (*points)(const at::Tensor& pictures);
    at::Tensor (*pictures)(const at::Tensor& points, const Extent& extent, const at::Tensor& bias);
};
[[nodiscard]] WinogradMaps& winograd_maps();

}  // namespace zt::nn
