// SPDX-License-Identifier: LGPL-2.1-or-later
//
// CLIP's vision tower up to its last but one layer. The last layer and the norm behind it are never used.
#pragma once

#include <string>
#include <vector>

#include "core/cancel.h"
#include "encoders/clip.h"
#include "image/resample.h"

namespace zt::encoders {

struct ClipVision {
    ClipConfig config;
    at::Tensor class_token;  // [hidden]
    at::Tensor patches;      // [hidden, 3, patch, patch]
    at::Tensor positions;    // [1 + tokens, hidden], the class token's first
    nn::Norm norm;
    std::vector<ClipLayer> layers;  // config.layers - 1 of them
    template <class F>
    void visit(F&& f) {
        f("embeddings.class_embedding", class_token);
        f("embeddings.patch_embedding.weight", patches);
        f("embeddings.position_embedding.weight", positions);
        norm.visit(f, "pre_layrnorm");  // spelt so in the files
        for (size_t i = 0; i < layers.size(); i++) layers[i].visit(f, "encoder.layers." + std::to_string(i));
    }
};

// A picture as the tower reads it: short side to `size` (bicubic), the middle square, normalised; [3, size, size] fp32,
// on the CPU.
[[nodiscard]] at::Tensor clip_pixels(const image::Picture& picture, int64_t size);

[[nodiscard]] ClipVision make_clip_vision(const ClipConfig& config);

// pixels: [3, image_size, image_size], normalised (any float type) -> [1 + tokens, hidden] in the weights' type: the
// class token, then the picture's, row by row. Polls `cancel` once per layer. Source: the CLIPVisionModel of
// transformers 5.23, hidden_states[-2].
[[nodiscard]] at::Tensor forward(const ClipVision& model, const at::Tensor& pixels, const Cancel* cancel = nullptr);
// Of those the picture's.
[[nodiscard]] inline at::Tensor picture_rows(const at::Tensor& features) {
    return features.narrow(0, 1, features.size(0) - 1);
}

}  // namespace zt::encoders
