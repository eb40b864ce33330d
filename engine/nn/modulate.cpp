// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Plain ATen form of the modulated sub-layer halves.
#include "nn/modulate.h"

namespace zt::nn {
namespace {

// [pictures, ...] -> [samples, places, channel]
at::Tensor by_sample(const at::Tensor& x, int64_t samples) { return x.reshape({samples, -1, x.size(-1)}); }

}  // namespace

at::Tensor modulated_norm(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale) {
    const at::Tensor h = by_sample(at::layer_norm(x, {x.size(-1)}, {}, {}, 1e-6), shift.size(0));
    return at::addcmul(shift.unsqueeze(1), h, (scale + 1).unsqueeze(1)).reshape(x.sizes());
}

at::Tensor gated_add(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate) {
    return at::addcmul(by_sample(x, gate.size(0)), by_sample(y, gate.size(0)), gate.unsqueeze(1)).reshape(x.sizes());
}

}  // namespace zt::nn
