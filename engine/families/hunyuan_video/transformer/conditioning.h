// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What steers every block: noise level, guidance and pooled text become one vector, and that vector
// shift, scale and gate of each block. None of it depends on the latents, so all steps are computed
// before the first one, with one matrix product per layer; the layers can be freed afterwards.
#pragma once

#include <ATen/ATen.h>

#include <span>
#include <string>
#include <vector>

#include "families/hunyuan_video/config.h"
#include "nn/packed_linear.h"

namespace zt::hunyuan_video {

inline constexpr int64_t kLevelFeatures = 256;  // of the sinusoid of a noise level

// W2 silu(W1 x + b1) + b2.
struct Mlp {
    nn::PackedLinear in, out;
    template <class F>
    void each(F&& f, const std::string& in_name, const std::string& out_name) {
        f(in_name, in);
        f(out_name, out);
    }
};
[[nodiscard]] Mlp make_mlp(int64_t in, int64_t hidden, int64_t out);
[[nodiscard]] at::Tensor forward(const Mlp& mlp, const at::Tensor& x);

// The number a guidance scale is fed as. The references multiply by 1000 in the type of the
// transformer: 6 becomes 6000 in fp32, 6016 in bf16, and the models are used that way.
[[nodiscard]] float guidance_input(double guidance, at::ScalarType type);

// The layers that make the vector and its modulations. Not needed once a prompt's steps are computed.
struct Conditioner {
    Mlp time, pooled;
    Mlp guidance;                              // undefined layers unless guidance_embeds
    std::vector<nn::PackedLinear> image_mod;   // one per double block: h -> 6 h
    std::vector<nn::PackedLinear> text_mod;    // one per double block: h -> 6 h
    std::vector<nn::PackedLinear> single_mod;  // one per single block: h -> 3 h
    nn::PackedLinear final_mod;                // h -> 2 h: shift, scale
    template <class F>
    void each(F&& f) {
        time.each(f, "time_in.mlp.0", "time_in.mlp.2");
        pooled.each(f, "vector_in.in_layer", "vector_in.out_layer");
        if (guidance.in.out > 0) guidance.each(f, "guidance_in.mlp.0", "guidance_in.mlp.2");
        for (size_t i = 0; i < image_mod.size(); i++) {
            f("double_blocks." + std::to_string(i) + ".img_mod.linear", image_mod[i]);
            f("double_blocks." + std::to_string(i) + ".txt_mod.linear", text_mod[i]);
        }
        for (size_t i = 0; i < single_mod.size(); i++)
            f("single_blocks." + std::to_string(i) + ".modulation.linear", single_mod[i]);
        f("final_layer.adaLN_modulation.1", final_mod);
    }
};
[[nodiscard]] Conditioner make_conditioner(const TransformerConfig& config);

// The vector of each step, and of the clean first frame of token_replace (level 0, no guidance).
struct Vectors {
    at::Tensor steps;  // [steps, h]
    at::Tensor clean;  // [1, h], undefined for other kinds
};
// pooled [pooled_dim]; t: noise level x 1000 of each step; guidance: see guidance_input, ignored
// unless the model embeds it.
[[nodiscard]] Vectors condition(const TransformerConfig& config, const Conditioner& net, const at::Tensor& pooled,
                                std::span<const float> t, float guidance);

// Shift, scale and gate of every block for every step, in the type of the transformer.
// Row `step` belongs to a step; with token_replace the last row of `image` and `single` belongs to
// the tokens of the first frame.
struct Modulation {
    std::vector<at::Tensor> image;   // per double block [steps (+ 1), 6 h]
    std::vector<at::Tensor> text;    // per double block [steps, 6 h]
    std::vector<at::Tensor> single;  // per single block [steps (+ 1), 3 h]
    at::Tensor last;                 // [steps, 2 h]: shift, scale
};
[[nodiscard]] Modulation modulate(const Conditioner& net, const Vectors& vectors);

}  // namespace zt::hunyuan_video
