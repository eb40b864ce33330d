// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The two kinds of transformer block. Both work in place on one buffer [video tokens, text tokens],
// which both kinds share, so that nothing is ever joined or cut. Projections and feed-forward parts
// go through the tokens in chunks: the result does not depend on the chunk, the memory does.
#pragma once

#include <ATen/ATen.h>

#include <string>

#include "families/hunyuan_video/config.h"
#include "families/hunyuan_video/transformer/rope.h"
#include "nn/packed_linear.h"
#include "ranks/sequence.h"

namespace zt::hunyuan_video {

// One stream (video or text) of a double block.
struct Stream {
    nn::PackedLinear qkv, project, fc1, fc2;  // h -> 3 h, h -> h, h -> mlp, mlp -> h
    at::Tensor q_norm, k_norm;                // [head_dim]
    template <class F>
    void each(F&& f, const std::string& name) {
        f(name + "_attn_qkv", qkv);
        f(name + "_attn_q_norm.weight", q_norm);
        f(name + "_attn_k_norm.weight", k_norm);
        f(name + "_attn_proj", project);
        f(name + "_mlp.fc1", fc1);
        f(name + "_mlp.fc2", fc2);
    }
};

struct DoubleBlock {
    Stream image, text;
    // f(name, PackedLinear&) for each matrix and f(name, at::Tensor&) for each plain tensor; name
    // starts with "double_blocks.<index>.".
    template <class F>
    void each(F&& f, int64_t index) {
        const std::string name = "double_blocks." + std::to_string(index) + ".";
        image.each(f, name + "img");
        text.each(f, name + "txt");
    }
};

struct SingleBlock {
    nn::PackedLinear linear1;   // h -> 3 h + mlp: q, k, v, feed-forward
    nn::PackedLinear linear2;   // h + mlp -> h: attention, feed-forward
    at::Tensor q_norm, k_norm;  // [head_dim]
    template <class F>
    void each(F&& f, int64_t index) {
        const std::string name = "single_blocks." + std::to_string(index) + ".";
        f(name + "linear1", linear1);
        f(name + "linear2", linear2);
        f(name + "q_norm.weight", q_norm);
        f(name + "k_norm.weight", k_norm);
    }
};

[[nodiscard]] DoubleBlock make_double_block(const TransformerConfig& config);
[[nodiscard]] SingleBlock make_single_block(const TransformerConfig& config);

// Where a forward pass stands: what all of its blocks share.
struct Tokens {
    int64_t video = 0, text = 0;  // tokens of each; the buffer is [video + text, h]
    int64_t first_frame = 0;      // tokens at the start modulated by `clean` rows, 0 = none
    int64_t heads = 0;
    int64_t chunk = 2048;  // most tokens in a projection at once
    const Rope* rope = nullptr;
    ranks::Sequence sequence;  // of which these tokens are this rank's
};

// Shift, scale and gate vectors of one block at one step: [1, n h] each; `clean` rows are for the
// first_frame tokens and undefined if there are none.
struct BlockModulation {
    at::Tensor video, text, clean;
};

// x [video + text, h], overwritten.
void forward(const DoubleBlock& block, at::Tensor& x, const Tokens& tokens, const BlockModulation& modulation);
void forward(const SingleBlock& block, at::Tensor& x, const Tokens& tokens, const BlockModulation& modulation);

}  // namespace zt::hunyuan_video
