// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The transformer layer that CLIP's text and vision towers share: pre-norm, biases, GELU of either kind.
// Source: transformers 5.23, modeling_clip.
#pragma once

#include <string>
#include <vector>

#include "encoders/clip_config.h"
#include "nn/layers.h"
#include "nn/packed_linear.h"

namespace zt::encoders {

struct ClipLayer {
    nn::Norm norm1, norm2;
    nn::PackedLinear q, k, v, out, fc1, fc2;
    template <class F>
    void visit(F&& f, const std::string& name) {
        norm1.visit(f, name + ".layer_norm1");
        q.visit(f, name + ".self_attn.q_proj");
        k.visit(f, name + ".self_attn.k_proj");
        v.visit(f, name + ".self_attn.v_proj");
        out.visit(f, name + ".self_attn.out_proj");
        norm2.visit(f, name + ".layer_norm2");
        fc1.visit(f, name + ".mlp.fc1");
        fc2.visit(f, name + ".mlp.fc2");
    }
};

[[nodiscard]] ClipLayer make_clip_layer(const ClipConfig& config);

// x: [tokens, hidden] -> the same. causal: each token sees itself and those before it.
[[nodiscard]] at::Tensor forward(const ClipConfig& config, const ClipLayer& layer, const at::Tensor& x, bool causal);

// Layer norm over the last axis with the configured eps, in x's type.
[[nodiscard]] at::Tensor normalize(const ClipConfig& config, const nn::Norm& norm, const at::Tensor& x);

}  // namespace zt::encoders
