// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The transformer of MiniMax-H3 in parts with different lives: the text reader (refiner) and the matrices of the
// modulation work once for a clip and are given back; ends and blocks make the velocities of every step, the blocks
// resident or streamed. Source: diffusers 0.42.1.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "families/minimax_h3/config.h"
#include "families/minimax_h3/layout.h"
#include "families/minimax_h3/transformer/block.h"
#include "nn/layers.h"

namespace zt::minimax_h3 {

// Makes rows of the sequence out of the prompt's states.
struct TextReader {
    nn::PackedLinear in;        // text_dim -> h
    std::vector<Block> blocks;  // of the refiner
    at::Tensor norm;            // [h]
    template <class F>
    void each(F&& f) {
        f("condition_proj", in);
        for (size_t i = 0; i < blocks.size(); i++)
            blocks[i].visit(f, "token_refiner.blocks." + std::to_string(i) + ".");
        f("token_refiner.final_norm.weight", norm);
    }
};
[[nodiscard]] TextReader make_text_reader(const TransformerConfig& config);
// states [L, text_dim] -> [L, h] in `type`. Polls cancel before every block.
[[nodiscard]] at::Tensor read_text(const TransformerConfig& config, const TextReader& reader, const at::Tensor& states,
                                   at::ScalarType type, const Cancel& cancel);

// What stands before and after the blocks at every step: in fp32 whatever the type of the model.
struct Ends {
    nn::Linear video_in, audio_in, video_out, audio_out;
    template <class F>
    void each(F&& f) {
        video_in.visit(f, "video_patch_proj");
        audio_in.visit(f, "audio_patch_proj");
        video_out.visit(f, "final_layer.video_out");
        audio_out.visit(f, "final_layer.audio_out");
    }
};
[[nodiscard]] Ends make_ends(const TransformerConfig& config);
// In the type of the model.
struct FinalNorm {
    at::Tensor weight;  // [h]
    template <class F>
    void each(F&& f) {
        f("final_layer.norm.weight", weight);
    }
};
[[nodiscard]] FinalNorm make_final_norm(const TransformerConfig& config);

// Everything of a clip that no step changes. In the type of the model but for the positions.
struct Prepared {
    Layout layout;
    nn::Rope rope;                   // of all rows, fp32
    Times times;                     // rows of the tables below
    std::vector<at::Tensor> blocks;  // [times, 3, 6, h] of each block
    at::Tensor end;                  // [times, 2, h]
    at::Tensor text, keyframes;      // [rows, h]; keyframes undefined where there are none
};
// Positions of a layout as the blocks take them.
[[nodiscard]] nn::Rope rope_of(const TransformerConfig& config, const Layout& layout, at::Device device);

// Rows of latents, fp32, or their velocities: those that are made, without keyframes.
struct Rows {
    at::Tensor video;  // [frames * rows_per_frame, 4 channels]
    at::Tensor audio;  // [2 audio latents, audio channels]: all left, all right
};
// Given the rows after each block; for tests.
using LookFn = std::function<void(int64_t block, const at::Tensor& x)>;
// The velocities at a step whose video and audio are so clean: they point from the noise to the data. Polls cancel
// before every block; nothing waits for a device.
[[nodiscard]] Rows velocity(const TransformerConfig& config, const Ends& ends, const FinalNorm& norm,
                            const BlockSource& blocks, const Prepared& prepared, const Rows& latents, float video_time,
                            float audio_time, const Cancel& cancel, int64_t chunk = kTokenChunk,
                            const LookFn& look = nullptr);

}  // namespace zt::minimax_h3
