// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sentence -> one feature vector: embedding, two transformer layers, read out at a learned first
// token. Small, because the storybook world is: about two hundred words and characters.
#pragma once

#include <vector>

#include "nn/layers.h"

namespace zt::storybook {

struct TextConfig {
    int64_t vocabulary = 0;    // known words; id 0 is padding, ids 1.. are words
    int64_t width = 128, heads = 4, layers = 2;
    int64_t max_tokens = 40;   // longer sentences are cut, with a warning
};

struct TextLayer {
    nn::Norm norm1, norm2;
    nn::Linear qkv, project, expand, contract;
    template <class F>
    void visit(F&& f, const std::string& name) {
        norm1.visit(f, name + ".norm1");
        qkv.visit(f, name + ".qkv");
        project.visit(f, name + ".project");
        norm2.visit(f, name + ".norm2");
        expand.visit(f, name + ".expand");
        contract.visit(f, name + ".contract");
    }
};

struct TextEncoder {
    TextConfig config;
    at::Tensor embedding;   // [vocabulary + 1, width]
    at::Tensor position;    // [max_tokens + 1, width]
    at::Tensor query;       // [width], the first token, where the feature is read
    std::vector<TextLayer> layers;
    nn::Norm norm;
    template <class F>
    void visit(F&& f) {
        f("text.embedding", embedding);
        f("text.position", position);
        f("text.query", query);
        for (size_t i = 0; i < layers.size(); i++) layers[i].visit(f, "text.layers." + std::to_string(i));
        norm.visit(f, "text.norm");
    }
};

[[nodiscard]] TextEncoder make_text_encoder(const TextConfig& config);

// ids: [batch, at most max_tokens] int64, padded with 0 -> [batch, width]
[[nodiscard]] at::Tensor forward(const TextEncoder& encoder, const at::Tensor& ids);

}  // namespace zt::storybook
