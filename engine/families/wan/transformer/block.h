// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Wan's one kind of transformer block: self attention, cross attention to text and picture, feed-forward. Names of
// tensors are those of the original files, with q, k, v (and k, v) fused. Source: diffusers 0.42.1, transformer_wan.py.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "families/wan/config.h"
#include "nn/kv_cache.h"
#include "nn/layers.h"
#include "nn/modulation.h"
#include "nn/packed_linear.h"
#include "nn/rope.h"
#include "ranks/sequence.h"

namespace zt::wan {

// What stays fp32 whatever the type of the model: the reference keeps it so, and it is small.
struct BlockTables {
    at::Tensor modulation;  // [1, 6, h]: shift, scale, gate of self attention, then of the feed-forward part
    nn::Norm cross_norm;
    template <class F>
    void each(F&& f, int64_t index) {
        const std::string name = "blocks." + std::to_string(index) + ".";
        f(name + "modulation", modulation);
        f(name + "norm3.weight", cross_norm.weight);
        f(name + "norm3.bias", cross_norm.bias);
    }
};

struct Block {
    BlockTables tables;
    nn::PackedLinear qkv, out;                      // h -> 3 h, h -> h
    nn::PackedLinear cross_q, cross_kv, cross_out;  // h -> h, h -> 2 h
    nn::PackedLinear image_kv;  // h -> 2 h, of pictures' tokens; without rows where the model reads none
    nn::PackedLinear fc1, fc2;
    at::Tensor q_norm, k_norm, cross_q_norm, cross_k_norm, image_k_norm;  // [h]
    // Without the tables: those are loaded in another type.
    template <class F>
    void each(F&& f, int64_t index) {
        const std::string name = "blocks." + std::to_string(index) + ".";
        f(name + "self_attn.qkv", qkv);
        f(name + "self_attn.norm_q.weight", q_norm);
        f(name + "self_attn.norm_k.weight", k_norm);
        f(name + "self_attn.o", out);
        f(name + "cross_attn.q", cross_q);
        f(name + "cross_attn.kv", cross_kv);
        f(name + "cross_attn.norm_q.weight", cross_q_norm);
        f(name + "cross_attn.norm_k.weight", cross_k_norm);
        f(name + "cross_attn.o", cross_out);
        if (image_kv.out > 0) {
            f(name + "cross_attn.kv_img", image_kv);
            f(name + "cross_attn.norm_k_img.weight", image_k_norm);
        }
        f(name + "ffn.0", fc1);
        f(name + "ffn.2", fc2);
    }
};
[[nodiscard]] Block make_block(const TransformerConfig& config);  // undefined values, to be loaded

// Keys and values of what a block attends to across: they depend on the prompt alone. [heads, tokens, dim] each; of the
// picture undefined where there is none.
struct CrossContext {
    at::Tensor text_k, text_v, image_k, image_v;
    bool filled = false;
};
// Room for those of all layers, in one piece: what stays between buffers that come and go would leave holes in the
// heap. context [image tokens + 512, h]: the last 512 rows are the text.
[[nodiscard]] std::vector<CrossContext> cross_contexts(const TransformerConfig& config, int64_t layers,
                                                       const at::Tensor& context);
void fill(const TransformerConfig& config, const Block& block, const at::Tensor& context, CrossContext& into);

using nn::Rope;
// first_frame: position of the first latent frame. Angles in fp64, as in the reference.
[[nodiscard]] Rope make_rope(const TransformerConfig& config, int64_t first_frame, int64_t frames, int64_t rows,
                             int64_t columns, at::Device device);

// x [tokens, h] in the type of the block, overwritten. m: six vectors. past: where the tokens' keys and values go,
// behind those of earlier ones, which are attended to as well; null: there are no earlier ones. sequence: x holds this
// rank's tokens of it.
void forward(const TransformerConfig& config, const Block& block, const at::Tensor& x, const Rope& rope,
             const CrossContext& context, const nn::Modulation& m, const nn::KeyValues* past = nullptr,
             int64_t chunk = kTokenChunk, const ranks::Sequence& sequence = {});

}  // namespace zt::wan
