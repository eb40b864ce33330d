// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See rope.h.
#include "nn/rope.h"

namespace zt::nn {

Rope make_rope(const std::array<RopeAxis, 3>& axes, double theta, const at::TensorOptions& options) {
    const int64_t pairs = (axes[0].channels + axes[1].channels + axes[2].channels) / 2;
    at::Tensor angles = at::empty({axes[0].count, axes[1].count, axes[2].count, pairs}, options);
    int64_t pair = 0;
    for (size_t i = 0; i < axes.size(); i++) {
        const RopeAxis& axis = axes[i];
        const at::Tensor exponent = at::arange(0, axis.channels, 2, options) / static_cast<double>(axis.channels);
        const at::Tensor frequency = 1.0 / at::pow(theta, exponent);
        const at::Tensor positions =
            axis.at.defined() ? axis.at.to(options) : at::arange(axis.first, axis.first + axis.count, options);
        std::array<int64_t, 4> shape = {1, 1, 1, axis.channels / 2};
        shape[i] = axis.count;
        angles.narrow(3, pair, axis.channels / 2).copy_(at::outer(positions, frequency).view(shape));
        pair += axis.channels / 2;
    }
    angles = angles.view({-1, pairs});
    return {angles.cos().to(at::kFloat), angles.sin().to(at::kFloat)};
}

Rope rope_at(const at::Tensor& positions, int64_t frequencies, double theta) {
    const auto n = static_cast<double>(2 * frequencies);
    const at::TensorOptions options = positions.options().dtype(at::kFloat);
    const at::Tensor frequency = at::pow(theta, at::arange(0, 2 * frequencies, 2, options) / n).reciprocal();
    const at::Tensor angles = (positions.to(at::kFloat).unsqueeze(2) * frequency).view({positions.size(0), -1});
    return {angles.cos(), angles.sin()};
}

}  // namespace zt::nn
