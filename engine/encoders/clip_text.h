// SPDX-License-Identifier: LGPL-2.1-or-later
//
// CLIP's text tower: prompt ids -> one feature vector, read at the end-of-text token. The tower is
// causal, so nothing behind that token can change the result and nothing behind it is computed.
#pragma once

#include <string>
#include <vector>

#include "encoders/clip.h"

namespace zt::encoders {

struct ClipText {
    ClipConfig config;
    at::Tensor tokens;     // [vocab, hidden]
    at::Tensor positions;  // [positions, hidden]
    std::vector<ClipLayer> layers;
    nn::Norm norm;
    template <class F>
    void visit(F&& f) {
        f("embeddings.token_embedding.weight", tokens);
        f("embeddings.position_embedding.weight", positions);
        for (size_t i = 0; i < layers.size(); i++) layers[i].visit(f, "encoder.layers." + std::to_string(i));
        norm.visit(f, "final_layer_norm");
    }
};

[[nodiscard]] ClipText make_clip_text(const ClipConfig& config);

// ids: start, prompt, end of text, at most `positions` of them and each below `vocab`; what follows
// the first end-of-text token is ignored -> [hidden] in the weights' type. Throws zt::Error(WEIGHTS)
// if no id is the end of text (a tokenizer that belongs to another model).
[[nodiscard]] at::Tensor forward(const ClipText& model, const std::vector<int32_t>& ids);

}  // namespace zt::encoders
