// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shapes of an LLM of LLaMA's type that is read as a text encoder, and how files spell its tensors. Defaults are
// those of LLaMA 3 8B as HunyuanVideo was published with it. Torch-free.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/memory.h"
#include "load/part_names.h"

namespace zt::weights {
class Checkpoint;
}

namespace zt::encoders {

enum class LlmKind : uint8_t { kLlama, kQwen3Vl };

// Grouped queries, no biases.
struct LlmConfig {
    LlmKind kind = LlmKind::kLlama;  // how files spell it
    int64_t vocab = 128320, hidden = 4096, intermediate = 14336, layers = 32, heads = 32, kv_heads = 8, head_dim = 128;
    double rms_eps = 1e-5, rope_theta = 500000.0;
    int64_t skip_layers = 2;  // layers at the end whose result is never used (hidden_states[-3])
    bool head_norms = false;  // queries and keys are normalised head by head before they turn
    // Pairs of a head that turn with time, row and column; all 0: a token has one position.
    std::array<int64_t, 3> sections = {0, 0, 0};
};

// config.json of transformers, LLaMA's or LLaVA's; name: in messages. What the class does not compute is refused.
// Throws zt::Error(WEIGHTS, UNSUPPORTED) naming the key.
[[nodiscard]] LlmConfig parse_llm_config(std::string_view text, const std::string& name);
// From shapes and the keys of GGUF. What shapes cannot tell is the published model's: 128 values a head. A file as wide
// as the published model has as many layers; of other widths any number is taken.
[[nodiscard]] LlmConfig llm_config_of(const weights::Checkpoint& file);
// The same of Qwen3-VL's text model: config.json of it or of the whole Qwen3-VL. From shapes: what they cannot tell is
// Qwen3-VL 32B's where a head has 128 values as there, else config.json or GGUF's keys must say it. skip_layers is 0.
[[nodiscard]] LlmConfig parse_qwen3_vl_text_config(std::string_view text, const std::string& name);
[[nodiscard]] LlmConfig qwen3_vl_text_config_of(const weights::Checkpoint& file);

// Block counts of a file against its config.json: one block more or less would go unseen. Those behind the last used
// layer may be left out. Throws WEIGHTS.
void check_blocks(const LlmConfig& config, const weights::Checkpoint& file);

// Bytes of a pass over sequences of so many tokens in all, the longest of `longest`, layers streamed two at a time.
[[nodiscard]] load::Phase llm_phase(const LlmConfig& config, const weights::Checkpoint* file, int64_t tokens,
                                    int64_t longest, const load::Resident& as);

// How transformers, LLaVA, ComfyUI and llama.cpp spell them; ours are transformers'.
[[nodiscard]] const load::PartNames& llm_names(LlmKind kind = LlmKind::kLlama);
// Tensors that so many used layers read, under our names.
[[nodiscard]] std::vector<std::string> llm_tensors(int64_t layers, LlmKind kind = LlmKind::kLlama);

}  // namespace zt::encoders
