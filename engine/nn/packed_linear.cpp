// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Encoded matrices are decoded into the arithmetic type just before use and dropped after it.
#include "nn/packed_linear.h"

#include "weights/decode_tensor.h"

namespace zt::nn {

at::Tensor PackedLinear::dense(at::ScalarType type) const {
    if (encoding == weights::Encoding::kDense) return weight.to(type);
    return weights::decode_tensor(weight, encoding, {out, in}, scale, type);
}

PackedLinear make_packed_linear(int64_t in, int64_t out, bool bias) {
    PackedLinear layer;
    layer.weight = at::empty({out, in});
    if (bias) layer.bias = at::empty({out});
    layer.in = in;
    layer.out = out;
    return layer;
}

at::Tensor forward(const PackedLinear& layer, const at::Tensor& x) {
    const at::ScalarType type = x.scalar_type();
    at::Tensor y = at::linear(x, layer.dense(type), layer.bias.defined() ? layer.bias.to(type) : layer.bias);
    for (const LowRank& adapter : layer.adapters)
        y = y + at::linear(at::linear(x, adapter.down.to(type)), adapter.up.to(type)) * adapter.scale;
    return y;
}

}  // namespace zt::nn
