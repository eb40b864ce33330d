// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The LLM that reads the prompt: LLaMA type, grouped queries, causal, no biases; with Qwen3's norms of queries and
// keys, positions on three axes and DeepStack (arXiv 2406.04334) where its configuration says so. Only the residual
// stream after layer `layers - skip_layers` is used, without the final norm, so the layers behind it,
// the norm and the head are neither named nor loaded. Layers come from a source one at a time, so
// that they may be streamed from disk.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/cancel.h"
#include "encoders/llm_config.h"
#include "nn/packed_linear.h"

namespace zt::encoders {

struct LlmLayer {
    at::Tensor norm1, norm2;                      // RMS weights before attention and before the MLP, [hidden]
    nn::PackedLinear q, k, v, o, gate, up, down;  // no biases
    at::Tensor q_norm, k_norm;                    // [head_dim]; undefined unless LlmConfig::head_norms
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".input_layernorm.weight", norm1);
        q.visit(f, name + ".self_attn.q_proj");
        k.visit(f, name + ".self_attn.k_proj");
        v.visit(f, name + ".self_attn.v_proj");
        o.visit(f, name + ".self_attn.o_proj");
        if (q_norm.defined()) f(name + ".self_attn.q_norm.weight", q_norm);
        if (k_norm.defined()) f(name + ".self_attn.k_norm.weight", k_norm);
        f(name + ".post_attention_layernorm.weight", norm2);
        gate.visit(f, name + ".mlp.gate_proj");
        up.visit(f, name + ".mlp.up_proj");
        down.visit(f, name + ".mlp.down_proj");
    }
};

// Where layers and embedding rows come from. Used by one thread at a time.
class LlmSource {
public:
    virtual ~LlmSource() = default;
    // Layer i, asked for in the order 0 .. layers - skip_layers - 1, each once per run. The reference
    // is good until the next call. Throws what reading throws.
    virtual const LlmLayer& layer(int64_t i) = 0;
    // The rows `ids` of the embedding table, [ids, hidden], in the type the LLM computes in. Only
    // these rows need to be read. ids are below `vocab`.
    virtual at::Tensor rows(const std::vector<int32_t>& ids) = 0;
};

// Rows of the embedding table read from a file, see LlmSource::rows.
using RowReader = std::function<at::Tensor(const std::vector<int32_t>& ids)>;

// Every used layer in memory. Immutable while in use.
class ResidentLlm final : public LlmSource {
public:
    // Undefined values, to be loaded. With a row reader there is no embedding table in memory (1 GB of
    // the published model), and it is not among the tensors visited.
    explicit ResidentLlm(const LlmConfig& config, RowReader rows = {});
    const LlmLayer& layer(int64_t i) override { return layers_.at(static_cast<size_t>(i)); }
    at::Tensor rows(const std::vector<int32_t>& ids) override;
    template <class F>
    void visit(F&& f) {
        if (embedding_.defined()) f("embed_tokens.weight", embedding_);
        for (size_t i = 0; i < layers_.size(); i++) layers_[i].visit(f, "layers." + std::to_string(i));
    }

private:
    RowReader read_rows_;
    at::Tensor embedding_;  // [vocab, hidden]
    std::vector<LlmLayer> layers_;
};

[[nodiscard]] LlmLayer make_llm_layer(const LlmConfig& config);

// How many layers are run.
[[nodiscard]] inline int64_t used_layers(const LlmConfig& config) { return config.layers - config.skip_layers; }

// One text as the LLM reads it, without padding.
struct LlmSequence {
    at::Tensor states;             // embeddings, [tokens, hidden]
    at::Tensor positions = {};     // [3, tokens] int64: time, row, column; undefined: 0 .. tokens - 1 on every axis.
                                   // Needs LlmConfig::sections
    at::Tensor picture_rows = {};  // [n] int64: where pictures stand
    std::vector<at::Tensor> taps = {};  // [n, hidden] each: tap i is added to those rows behind layer i
};

// Each sequence -> its states after the last used layer, [tokens, hidden] in the type of its embeddings. Every layer is
// asked for once, whatever the number of sequences. Polls `cancel` once per layer.
// Source: the LLaMA of transformers 5.23 (hidden_states[-(skip_layers + 1)]), and its Qwen3VLTextModel.
[[nodiscard]] std::vector<at::Tensor> run_llm(const LlmConfig& config, LlmSource& source,
                                              std::vector<LlmSequence> sequences, const Cancel* cancel = nullptr);

}  // namespace zt::encoders
