// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The picture as tokens of the LLM: CLIP's vision tower up to its last but one layer, then a
// two-layer projector. The last layer and the norm behind it are never used.
#pragma once

#include <string>
#include <vector>

#include "core/cancel.h"
#include "families/hunyuan_video/text/clip.h"

namespace zt::hunyuan_video {

struct ClipVision {
    ClipConfig config;
    at::Tensor class_token;   // [hidden]
    at::Tensor patches;       // [hidden, 3, patch, patch]
    at::Tensor positions;     // [1 + tokens, hidden], the class token's first
    nn::Norm norm;
    std::vector<ClipLayer> layers;   // config.layers - 1 of them
    template <class F>
    void visit(F&& f) {
        f("embeddings.class_embedding", class_token);
        f("embeddings.patch_embedding.weight", patches);
        f("embeddings.position_embedding.weight", positions);
        norm.visit(f, "pre_layrnorm");   // spelt so in the files
        for (size_t i = 0; i < layers.size(); i++) layers[i].visit(f, "encoder.layers." + std::to_string(i));
    }
};

// Vision features -> LLM embeddings.
struct Projector {
    nn::PackedLinear linear1, linear2;
    template <class F>
    void visit(F&& f) {
        linear1.visit(f, "linear_1");
        linear2.visit(f, "linear_2");
    }
};

[[nodiscard]] ClipVision make_clip_vision(const ClipConfig& config);
[[nodiscard]] Projector make_projector(int64_t vision_hidden, int64_t llm_hidden);

// Tokens that one picture becomes: 576 in the published model.
[[nodiscard]] inline int64_t picture_tokens(const ClipConfig& c) { return (c.image_size / c.patch) * (c.image_size / c.patch); }

// pixels: [3, image_size, image_size], normalised (any float type) -> [tokens, hidden], rows of the
// picture first, in the weights' type. Polls `cancel` once per layer.
// Source: the CLIPVisionModel of transformers 5.23, hidden_states[-2] without the class token.
[[nodiscard]] at::Tensor forward(const ClipVision& model, const at::Tensor& pixels, const Cancel* cancel = nullptr);

// [tokens, vision hidden] -> [tokens, LLM hidden]
[[nodiscard]] at::Tensor forward(const Projector& projector, const at::Tensor& features);

}  // namespace zt::hunyuan_video
