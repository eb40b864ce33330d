// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a noise level does to the rows of each kind. Of the model's numbers 13 of 33 billion do nothing else; they
// depend on the level alone, and all levels of a clip are known before its first step: so a table is made of each
// block, and its matrix is given back. Pruned files hold a curve of few dimensions in place of the time embedder.
// Source: diffusers 0.42.1.
#pragma once

#include <ATen/ATen.h>

#include <span>
#include <string>

#include "families/minimax_h3/config.h"
#include "nn/layers.h"
#include "nn/packed_linear.h"

namespace zt::minimax_h3 {

// In fp32 whatever the type of the model.
struct TimeEmbedder {
    nn::Linear in, out;  // freq_dim -> time_hidden -> time_dim; undefined in a pruned file
    at::Tensor curve;    // [table_points, time_dim] of a pruned file, else undefined
    template <class F>
    void each(F&& f) {
        if (curve.defined()) {
            f("adaln_t_table", curve);
        } else {
            in.visit(f, "time_embedder.proj_in");
            out.visit(f, "time_embedder.proj_out");
        }
    }
};
[[nodiscard]] TimeEmbedder make_time_embedder(const TransformerConfig& config);
// The vectors of times 0 (noise) to 1 (clean), [times, time_dim] fp32, as the matrices below take them.
[[nodiscard]] at::Tensor time_vectors(const TransformerConfig& config, const TimeEmbedder& embedder,
                                      std::span<const float> times);

// The matrix of one block (index from 0) or of the end (index kFinal).
struct TimeProjection {
    static constexpr int64_t kFinal = -1;
    nn::PackedLinear linear;  // time_dim -> 18 h, of the end 2 h
    template <class F>
    void each(F&& f, int64_t index) {
        const std::string where = index == kFinal ? "final_layer." : "blocks." + std::to_string(index) + ".";
        f(where + "adaln_proj.linear", linear);
    }
};
[[nodiscard]] TimeProjection make_time_projection(const TransformerConfig& config, int64_t index);
// The type in which a projection is read and computes: that of the model, fp32 in a pruned file.
[[nodiscard]] at::ScalarType projection_type(const TransformerConfig& config, at::ScalarType type);
// -> [times, 3 kinds of rows, 6, h] of a block, [times, 2, h] of the end, in `type`.
[[nodiscard]] at::Tensor modulation_table(const TransformerConfig& config, const TimeProjection& projection,
                                          const at::Tensor& vectors, bool end, at::ScalarType type);

}  // namespace zt::minimax_h3
