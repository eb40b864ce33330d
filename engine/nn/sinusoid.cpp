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

}  // namespace zt::nn
