// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The CogVideoX transformer: text and video in one sequence, text first, each with its own modulation. In three parts
// with different lives: Embedders and Modulators turn levels and prompts into vectors and can then be freed; Ends and
// Blocks make the velocity of every step, the blocks resident or streamed. Source: diffusers 0.42.1.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "families/cogvideox/config.h"
#include "nn/layers.h"
#include "nn/modulation.h"
#include "nn/packed_linear.h"
#include "nn/rope.h"
#include "ranks/sequence.h"

namespace zt::cogvideox {

inline std::string block_name(int64_t index) { return "transformer_blocks." + std::to_string(index) + "."; }

struct Embedders {
    nn::PackedLinear text, time_in, time_out, ofs_in, ofs_out, out;  // ofs: without rows where the model has none
    at::Tensor positions;  // [1, text + video rows, h]: the learned table, undefined where there is none
    template <class F>
    void each(F&& f) {
        f("patch_embed.text_proj", text);
        f("time_embedding.linear_1", time_in);
        f("time_embedding.linear_2", time_out);
        if (ofs_in.out > 0) f("ofs_embedding.linear_1", ofs_in), f("ofs_embedding.linear_2", ofs_out);
        f("norm_out.linear", out);
        if (positions.defined()) f("patch_embed.pos_embedding", positions);
    }
};
[[nodiscard]] Embedders make_embedders(const TransformerConfig& config);

// Of one block: from a level to shift, scale and gate of the video, then of the text, before attention and before the
// feed-forward part. A fifth of the model's numbers, needed once a clip.
struct Modulators {
    nn::PackedLinear attention, feed_forward;  // time_dim -> 6 h
    template <class F>
    void each(F&& f, int64_t index) {
        f(block_name(index) + "norm1.linear", attention);
        f(block_name(index) + "norm2.linear", feed_forward);
    }
};
[[nodiscard]] Modulators make_modulators(const TransformerConfig& config);

struct Block {
    nn::Norm norm1, norm2, q_norm, k_norm;  // [h], [h], [head_dim] twice
    nn::PackedLinear qkv, out, fc1, fc2;
    template <class F>
    void each(F&& f, int64_t index) {
        const std::string name = block_name(index);
        f(name + "norm1.norm", norm1);
        f(name + "norm2.norm", norm2);
        f(name + "attn1.norm_q", q_norm);
        f(name + "attn1.norm_k", k_norm);
        f(name + "attn1.qkv", qkv);
        f(name + "attn1.to_out.0", out);
        f(name + "ff.net.0.proj", fc1);
        f(name + "ff.net.2", fc2);
    }
};
[[nodiscard]] Block make_block(const TransformerConfig& config);

// What stands before and after the blocks at every step.
struct Ends {
    nn::Linear patch;  // weight [h, C, 2, 2], of 1.5 [h, 8 C]
    nn::Norm final_norm, out_norm;
    nn::PackedLinear out;  // h -> patch values of out_channels, channel slowest
    template <class F>
    void each(F&& f) {
        f("patch_embed.proj", patch);
        f("norm_final", final_norm);
        f("norm_out.norm", out_norm);
        f("proj_out", out);
    }
};
[[nodiscard]] Ends make_ends(const TransformerConfig& config);

// silu of the vectors of levels. t: 0 to 999 -> [levels, time_dim] in `type`.
[[nodiscard]] at::Tensor embed_times(const TransformerConfig& config, const Embedders& embedders,
                                     std::span<const float> t, at::ScalarType type);

// What the model is told of the levels of all steps. Immutable.
struct Modulations {
    at::Tensor blocks;  // [layers, steps, 2, 6, h]
    at::Tensor out;     // [steps, 2, h]: shift, scale
};

// Where tokens are. Immutable.
struct Positions {
    nn::Rope rope;     // of the video's tokens; undefined where nothing turns (2B)
    at::Tensor added;  // [video tokens, h] of the type, added to them; undefined where nothing is
};
// frames, height, width: of the latents that are denoised. table: Embedders::positions.
[[nodiscard]] Positions make_positions(const TransformerConfig& config, const at::Tensor& table, int64_t frames,
                                       int64_t height, int64_t width, at::ScalarType type, at::Device device);
// states [text_tokens, text_dim] -> the text's tokens [text_tokens, h] in `type`.
[[nodiscard]] at::Tensor embed_text(const Embedders& embedders, const at::Tensor& states, at::ScalarType type);

// What one pass is about. Borrows.
struct Pass {
    const Modulations* modulations = nullptr;
    int64_t step = 0;
    const at::Tensor* text = nullptr;  // of embed_text
    const Positions* positions = nullptr;
};

// x [tokens, h] in the type of the block, overwritten. modulation [2, 6, h].
void forward(const TransformerConfig& config, const Block& block, const at::Tensor& x, const at::Tensor& modulation,
             const nn::Rope& rope, int64_t chunk = kTokenChunk, const ranks::Sequence& sequence = {});

// Hands out block `index`, good until the next call. One thread at a time.
using BlockSource = std::function<const Block&(int64_t index)>;
// latents [T, in_channels, H, W], any float type -> velocity [T, out_channels, H, W] in the type of the blocks. Polls
// cancel before every block; nothing waits for a device.
[[nodiscard]] at::Tensor velocity(const TransformerConfig& config, const Ends& ends, const BlockSource& blocks,
                                  const Pass& pass, const at::Tensor& latents, const Cancel& cancel,
                                  int64_t chunk = kTokenChunk);

}  // namespace zt::cogvideox
