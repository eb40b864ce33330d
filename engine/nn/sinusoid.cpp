// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See sinusoid.h.
#include "nn/sinusoid.h"

#include <cmath>

namespace zt::nn {

at::Tensor sinusoid(const at::Tensor& t, int64_t features) {
    const int64_t half = features / 2;
    const at::Tensor exponent =
        at::arange(half, t.options().dtype(at::kFloat)) * -std::log(10000.0) / static_cast<double>(half);
    const at::Tensor angle = t.to(at::kFloat).unsqueeze(1) * exponent.exp().unsqueeze(0);
    return at::cat({angle.cos(), angle.sin()}, 1);
}

at::Tensor place_sines(int64_t count, int64_t features, double scale) {
    const at::TensorOptions wide = at::TensorOptions().dtype(at::kDouble);
    const at::Tensor frequency =
        at::pow(10000.0, at::arange(features / 2, wide) / (static_cast<double>(features) / 2.0)).reciprocal();
    const at::Tensor places = (at::arange(count, at::TensorOptions().dtype(at::kFloat)) / scale).to(at::kDouble);
    const at::Tensor angles = at::outer(places, frequency);
    return at::cat({angles.sin(), angles.cos()}, 1);
}

}  // namespace zt::nn
