// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward passes of the plain layers.
#include "nn/layers.h"

#include "nn/winograd.h"

namespace zt::nn {

Linear make_linear(int64_t in, int64_t out) { return {at::empty({out, in}), at::empty({out})}; }
Conv make_conv(int64_t in, int64_t out) { return {at::empty({out, in, 3, 3}), at::empty({out}), {}}; }
Norm make_norm(int64_t channels) { return {at::empty({channels}), at::empty({channels})}; }

ResidualBlock make_residual_block(int64_t channels) {
    return {make_norm(channels), make_conv(channels, channels), make_conv(channels, channels)};
}

at::Tensor forward(const Linear& layer, const at::Tensor& x) { return at::linear(x, layer.weight, layer.bias); }

void prepare(Conv& layer) {
    if (winograd_suits(layer.weight)) layer.winograd = winograd_kernel(layer.weight);
}

at::Tensor forward(const Conv& layer, const at::Tensor& x) {
    if (layer.winograd.defined()) return winograd(x, layer.winograd, layer.bias);
    // The permuted view is what ATen calls channels_last, so no copy is made on either side.
    return at::conv2d(x.permute({0, 3, 1, 2}), layer.weight, layer.bias, 1, 1).permute({0, 2, 3, 1});
}

at::Tensor forward(const Norm& layer, const at::Tensor& x) {
    return at::layer_norm(x, {x.size(-1)}, layer.weight, layer.bias);
}

at::Tensor forward(const ResidualBlock& block, const at::Tensor& x) {
    return x + forward(block.conv2, at::silu(forward(block.conv1, forward(block.norm, x))));
}

at::Tensor space_to_depth(const at::Tensor& x, int64_t r) {
    const int64_t n = x.size(0), h = x.size(1), w = x.size(2), c = x.size(3);
    return x.reshape({n, h / r, r, w / r, r, c}).permute({0, 1, 3, 2, 4, 5}).reshape({n, h / r, w / r, r * r * c});
}

at::Tensor depth_to_space(const at::Tensor& x, int64_t r) {
    const int64_t n = x.size(0), h = x.size(1), w = x.size(2), c = x.size(3) / (r * r);
    return x.reshape({n, h, w, r, r, c}).permute({0, 1, 3, 2, 4, 5}).reshape({n, h * r, w * r, c});
}

}  // namespace zt::nn
