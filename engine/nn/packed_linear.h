// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A linear layer whose matrix may stay in the encoding of its checkpoint (fp8, GGUF blocks), so that
// a model needs the memory of its file, not that of its arithmetic. Adapters (LoRA) on an encoded
// matrix stay a side branch: y += scale * B (A x).
//
// Immutable while in use; thread-safe to share.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "weights/encoding.h"

namespace zt::nn {

// One low-rank adapter on a layer.
struct LowRank {
    at::Tensor down;  // A [rank, in]
    at::Tensor up;    // B [out, rank]
    double scale = 1.0;
};

struct PackedLinear {
    // encoding kDense: the matrix [out, in] in its arithmetic type. Otherwise the bytes of the
    // checkpoint as u8 [out, bytes of one row].
    at::Tensor weight;
    at::Tensor bias;   // [out], may be undefined
    at::Tensor scale;  // fp8: one factor (fp32, []) or one per row [out]; undefined = 1
    // What else weights::decode_tensor() needs: its table of the device, shared by all layers, or of NVFP4 the factors
    // of the columns, fp32 [in]; undefined where not needed.
    at::Tensor table;
    weights::Encoding encoding = weights::Encoding::kDense;
    int64_t in = 0, out = 0;
    std::vector<LowRank> adapters;

    // The matrix [out, in] in `type`: itself when dense and of that type.
    [[nodiscard]] at::Tensor dense(at::ScalarType type) const;
    // The same layer with everything in `type`, to be used for many inputs: decodes once.
    [[nodiscard]] PackedLinear decoded(at::ScalarType type) const;
    // The outputs [begin, begin + count) alone; shares memory.
    [[nodiscard]] PackedLinear rows(int64_t begin, int64_t count) const;

    // A visitor that takes layers gets it whole (loading: the matrix may be encoded); any other gets
    // the tensors that a dense layer has.
    template <class F>
    void visit(F&& f, const std::string& name) {
        if constexpr (std::is_invocable_v<F, const std::string&, PackedLinear&>) {
            f(name, *this);
        } else {
            f(name + ".weight", weight);
            if (bias.defined()) f(name + ".bias", bias);
        }
    }
};

// A dense layer of undefined values (to be loaded).
[[nodiscard]] PackedLinear make_packed_linear(int64_t in, int64_t out, bool bias = true);

// [..., in] -> [..., out], in x's type.
[[nodiscard]] at::Tensor forward(const PackedLinear& layer, const at::Tensor& x);
// gelu(forward(layer, x)), the tanh approximation.
[[nodiscard]] at::Tensor forward_gelu(const PackedLinear& layer, const at::Tensor& x);

}  // namespace zt::nn
