// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The encoder of T5 v1.1, and of UMT5, in which every layer has its own table of relative positions. Layers come one at
// a time, so that an encoder of 6 billion parameters needs the memory of two of them. Source: transformers 5.23,
// modeling_umt5 and modeling_t5.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "core/cancel.h"
#include "encoders/t5_config.h"
#include "load/part_reader.h"
#include "nn/packed_linear.h"

namespace zt::encoders {

struct T5Layer {
    at::Tensor norm1, norm2;          // [d_model]
    nn::PackedLinear q, k, v, o;      // d_model -> width, width -> d_model; no biases
    nn::PackedLinear gate, up, down;  // d_model -> d_ff, d_ff -> d_model
    at::Tensor positions;             // [buckets, heads]; undefined where the layer has none
    template <class F>
    void each(F&& f, int64_t index) {
        const std::string name = "encoder.block." + std::to_string(index) + ".layer.";
        f(name + "0.layer_norm.weight", norm1);
        f(name + "0.SelfAttention.q", q);
        f(name + "0.SelfAttention.k", k);
        f(name + "0.SelfAttention.v", v);
        f(name + "0.SelfAttention.o", o);
        if (positions.defined()) f(name + "0.SelfAttention.relative_attention_bias.weight", positions);
        f(name + "1.layer_norm.weight", norm2);
        f(name + "1.DenseReluDense.wi_0", gate);
        f(name + "1.DenseReluDense.wi_1", up);
        f(name + "1.DenseReluDense.wo", down);
    }
};
[[nodiscard]] T5Layer make_t5_layer(const T5Config& config, int64_t index);

// x: rows of the embedding [tokens, d_model], which are not padded. layer(i) is good until the next call. final_norm
// [d_model] -> states [tokens, d_model] in x's type. Polls cancel before every layer.
[[nodiscard]] at::Tensor t5_states(const T5Config& config, const at::Tensor& embedded,
                                   const std::function<const T5Layer&(int64_t)>& layer, const at::Tensor& final_norm,
                                   const Cancel& cancel);

// The same from a file, one layer ahead of its use, matrices as they are packed there. ids: of the prompt -> states
// [ids, d_model] in `type`.
[[nodiscard]] at::Tensor read_t5_states(const T5Config& config, const load::PartReader& reader,
                                        std::span<const int32_t> ids, at::ScalarType type, const Cancel& cancel);
// Names and shapes of all that it reads, before anything is. Throws ZT_ERROR_WEIGHTS.
void expect_t5(const T5Config& config, const load::PartReader& reader);

// The bucket of a distance key - query, 0 .. buckets - 1: small distances have their own, larger ones share,
// logarithmically.
[[nodiscard]] at::Tensor t5_buckets(const T5Config& config, int64_t tokens);  // [tokens, tokens] int64, row = query

}  // namespace zt::encoders
