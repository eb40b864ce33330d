// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Encoded matrices are decoded into the arithmetic type just before use and dropped after it.
#include "nn/packed_linear.h"

#include "nn/matmul.h"
#include "weights/decode_tensor.h"

namespace zt::nn {

at::Tensor PackedLinear::dense(at::ScalarType type) const {
    if (encoding == weights::Encoding::kDense) return weight.to(type);
    return weights::decode_tensor(weight, encoding, {out, in}, scale, type, table);
}

PackedLinear PackedLinear::decoded(at::ScalarType type) const {
    PackedLinear layer = *this;
    layer.weight = dense(type);
    layer.encoding = weights::Encoding::kDense;
    layer.scale = layer.table = at::Tensor();
    if (bias.defined()) layer.bias = bias.to(type);
    for (LowRank& adapter : layer.adapters) {
        adapter.down = adapter.down.to(type);
        adapter.up = adapter.up.to(type);
    }
    return layer;
}

PackedLinear PackedLinear::rows(int64_t begin, int64_t count) const {
    PackedLinear layer = *this;
    layer.out = count;
    layer.weight = weight.narrow(0, begin, count);
    if (bias.defined()) layer.bias = bias.narrow(0, begin, count);
    if (scale.defined() && scale.dim() == 1 && scale.size(0) == out) layer.scale = scale.narrow(0, begin, count);
    for (LowRank& adapter : layer.adapters) adapter.up = adapter.up.narrow(0, begin, count);
    return layer;
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
    at::Tensor y = linear(x, layer.dense(type), layer.bias.defined() ? layer.bias.to(type) : layer.bias);
    for (const LowRank& adapter : layer.adapters)
        y = y + at::linear(at::linear(x, adapter.down.to(type)), adapter.up.to(type)) * adapter.scale;
    return y;
}

at::Tensor forward_gelu(const PackedLinear& layer, const at::Tensor& x) {
    const at::ScalarType type = x.scalar_type();
    if (layer.adapters.empty())
        return linear_gelu(x, layer.dense(type), layer.bias.defined() ? layer.bias.to(type) : layer.bias);
    at::Tensor y = forward(layer, x);
    return at::gelu_(y, "tanh");
}

}  // namespace zt::nn
