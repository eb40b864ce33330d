// SPDX-License-Identifier: LGPL-2.1-or-later
//
// MiniMax-H3's one kind of transformer block, and the refiner's, which is the same without modulation and positions:
// attention of all rows to all rows, feed-forward. Names of tensors are those of the original files, with q, k, v
// fused. Source: diffusers 0.42.1, transformer_minimax_h3.py.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string>

#include "families/minimax_h3/config.h"
#include "nn/modulation.h"
#include "nn/packed_linear.h"
#include "nn/rope.h"
#include "ranks/sequence.h"

namespace zt::minimax_h3 {

struct Block {
    at::Tensor norm1, norm2;    // [h]
    at::Tensor q_norm, k_norm;  // [head_dim]
    nn::PackedLinear qkv, out;  // h -> 3 inner, inner -> h; no bias anywhere
    nn::PackedLinear fc1, fc2;  // h -> gate and value, ffn_dim each; ffn_dim -> h
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + "norm1.weight", norm1);
        f(name + "norm2.weight", norm2);
        f(name + "attn.q_norm.weight", q_norm);
        f(name + "attn.k_norm.weight", k_norm);
        f(name + "attn.qkv", qkv);
        f(name + "attn.out_proj", out);
        f(name + "mlp.fc1", fc1);
        f(name + "mlp.fc2", fc2);
    }
    template <class F>
    void each(F&& f, int64_t index) {
        visit(f, "blocks." + std::to_string(index) + ".");
    }
};
[[nodiscard]] Block make_block(const TransformerConfig& config);  // undefined values, to be loaded

// Hands out block `index`, good until the next call. One thread at a time.
using BlockSource = std::function<const Block&(int64_t index)>;

// x [rows, h] in the type of the block, overwritten. Numbers are rounded where the reference rounds them.
//   m: six vectors for each run of rows (shift, scale, gate of the attention, then of the feed-forward part); null:
//   none rope: of all rows; null: none turns
void forward(const TransformerConfig& config, const Block& block, const at::Tensor& x, const nn::Rope* rope,
             const nn::Modulation* m, int64_t chunk = kTokenChunk, const ranks::Sequence& sequence = {});

}  // namespace zt::minimax_h3
