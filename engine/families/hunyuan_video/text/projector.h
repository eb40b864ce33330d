// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From the features of CLIP's vision tower to embeddings of the LLM: two matrices.
#pragma once

#include "nn/packed_linear.h"

namespace zt::hunyuan_video {

struct Projector {
    nn::PackedLinear linear1, linear2;
    template <class F>
    void visit(F&& f) {
        linear1.visit(f, "linear_1");
        linear2.visit(f, "linear_2");
    }
};

[[nodiscard]] inline Projector make_projector(int64_t vision_hidden, int64_t llm_hidden) {
    return {nn::make_packed_linear(vision_hidden, llm_hidden), nn::make_packed_linear(llm_hidden, llm_hidden)};
}

// [tokens, vision hidden] -> [tokens, LLM hidden]
[[nodiscard]] inline at::Tensor forward(const Projector& projector, const at::Tensor& features) {
    return nn::forward(projector.linear2, at::gelu(nn::forward(projector.linear1, features)));
}

}  // namespace zt::hunyuan_video
