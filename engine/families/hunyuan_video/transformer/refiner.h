// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The token refiner: a small transformer over the text states of the LLM. It sees the noise level,
// but not the latents, so the text of every step is computed before the first one.
#pragma once

#include <ATen/ATen.h>

#include <span>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "families/hunyuan_video/config.h"
#include "families/hunyuan_video/transformer/conditioning.h"
#include "nn/layers.h"
#include "nn/packed_linear.h"

namespace zt::hunyuan_video {

struct RefinerBlock {
    nn::Norm norm1, norm2;
    nn::PackedLinear qkv, project, fc1, fc2;
    nn::PackedLinear gates;  // h -> 2 h: gate of the attention, gate of the feed-forward part
    template <class F>
    void each(F&& f, const std::string& name) {
        f(name + "norm1", norm1);
        f(name + "norm2", norm2);
        f(name + "self_attn_qkv", qkv);
        f(name + "self_attn_proj", project);
        f(name + "mlp.fc1", fc1);
        f(name + "mlp.fc2", fc2);
        f(name + "adaLN_modulation.1", gates);
    }
};

struct Refiner {
    int64_t heads = 0;
    nn::PackedLinear input;  // text_dim -> h
    Mlp time, mean;          // its own vector: level and mean of the states
    std::vector<RefinerBlock> blocks;
    template <class F>
    void each(F&& f) {
        f("txt_in.input_embedder", input);
        time.each(f, "txt_in.t_embedder.mlp.0", "txt_in.t_embedder.mlp.2");
        mean.each(f, "txt_in.c_embedder.linear_1", "txt_in.c_embedder.linear_2");
        for (size_t i = 0; i < blocks.size(); i++)
            blocks[i].each(f, "txt_in.individual_token_refiner.blocks." + std::to_string(i) + ".");
    }
};
[[nodiscard]] Refiner make_refiner(const TransformerConfig& config);

// states [L, text_dim], without padding, L >= 1; t: noise level x 1000 of each step -> [steps, L, h].
// Steps are worked on together as long as they stay within `chunk` tokens. Polls cancel per block.
[[nodiscard]] at::Tensor refine(const Refiner& net, const at::Tensor& states, std::span<const float> t, int64_t chunk,
                                const Cancel& cancel);

}  // namespace zt::hunyuan_video
