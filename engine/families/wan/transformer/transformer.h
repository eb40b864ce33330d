// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The Wan transformer in three parts with different lives: Embedders turn levels, prompt and picture into vectors and
// can then be freed; Ends and blocks make the velocity of every step, the blocks resident or streamed. Source:
// diffusers 0.42.1.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <span>
#include <vector>

#include "core/cancel.h"
#include "families/wan/config.h"
#include "families/wan/transformer/block.h"

namespace zt::wan {

// Time and picture norms stay fp32; see BlockTables.
struct EmbedderTables {
    nn::Linear time_in, time_out;       // freq_dim -> h -> h
    nn::Norm image_norm1, image_norm2;  // undefined where the model reads no pictures' tokens
    template <class F>
    void each(F&& f) {
        time_in.visit(f, "time_embedding.0");
        time_out.visit(f, "time_embedding.2");
        if (!image_norm1.weight.defined()) return;
        image_norm1.visit(f, "img_emb.proj.0");
        image_norm2.visit(f, "img_emb.proj.4");
    }
};

struct Embedders {
    EmbedderTables tables;
    nn::PackedLinear time_projection;      // h -> 6 h: of all blocks; each adds its own table
    nn::PackedLinear text_in, text_out;    // text_dim -> h -> h
    nn::PackedLinear image_in, image_out;  // image_dim -> image_dim -> h; without rows where the model reads none
    at::Tensor image_positions;            // [1, tokens, image_dim], undefined where there are none
    template <class F>
    void each(F&& f) {
        f("time_projection.1", time_projection);
        f("text_embedding.0", text_in);
        f("text_embedding.2", text_out);
        if (image_in.out == 0) return;
        f("img_emb.proj.1", image_in);
        f("img_emb.proj.3", image_out);
        if (image_positions.defined()) f("img_emb.emb_pos", image_positions);
    }
};
[[nodiscard]] Embedders make_embedders(const TransformerConfig& config);

struct EndTables {
    at::Tensor modulation;  // [1, 2, h] fp32: shift, scale
    template <class F>
    void each(F&& f) {
        f("head.modulation", modulation);
    }
};

// What stands before and after the blocks at every step.
struct Ends {
    EndTables tables;
    nn::Linear patch_in;    // weight [h, in_channels, 1, 2, 2]
    nn::PackedLinear head;  // h -> 4 out_channels, channel fastest
    template <class F>
    void each(F&& f) {
        patch_in.visit(f, "patch_embedding");
        f("head.head", head);
    }
};
[[nodiscard]] Ends make_ends(const TransformerConfig& config);

// What the model is told of noise levels. Immutable.
struct Times {
    at::Tensor vector;      // [levels, h] fp32, rounded to the model's type
    at::Tensor modulation;  // [levels, 6, h] fp32, rounded to the model's type
};
// t: of each level, 0 to 1000, fp32.
[[nodiscard]] Times embed_times(const TransformerConfig& config, const Embedders& embedders, std::span<const float> t,
                                at::ScalarType type);

// states [L, text_dim], L <= 512, of the prompt; image [tokens, image_dim] of CLIP or undefined -> [image tokens + 512,
// h] in `type`.
[[nodiscard]] at::Tensor embed_context(const TransformerConfig& config, const Embedders& embedders,
                                       const at::Tensor& states, const at::Tensor& image, at::ScalarType type);

// Hands out block `index`, good until the next call. One thread at a time.
using BlockSource = std::function<const Block&(int64_t index)>;

// What one pass is about.
struct Pass {
    Times times;                          // [1] levels: of this pass
    Times clean;                          // of level 0, for the tokens of a frame that is known; undefined: none is
    const at::Tensor* context = nullptr;  // of embed_context
    std::vector<CrossContext>* cross = nullptr;  // kept from pass to pass of one prompt: filled where it is empty
    const Rope* rope = nullptr;
    const nn::KvCache* past = nullptr;  // of a causal model: the latents before these; null: there are none
};

// latents [in_channels, T, H, W], any float type -> velocity [out_channels, T, H, W] in the type of the blocks. Polls
// cancel before every block; nothing waits for a device.
[[nodiscard]] at::Tensor velocity(const TransformerConfig& config, const Ends& ends, const BlockSource& blocks,
                                  const Pass& pass, const at::Tensor& latents, const Cancel& cancel,
                                  int64_t chunk = kTokenChunk);

}  // namespace zt::wan
