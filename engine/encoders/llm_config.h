// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shapes of an LLM of LLaMA's type that is read as a text encoder, and how files spell its tensors. Defaults are
// those of LLaMA 3 8B as HunyuanVideo was published with it. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/part_names.h"

namespace zt::weights {
class Checkpoint;
}

namespace zt::encoders {

// Grouped queries, no biases.
struct LlmConfig {
    int64_t vocab = 128320, hidden = 4096, intermediate = 14336, layers = 32, heads = 32, kv_heads = 8, head_dim = 128;
    double rms_eps = 1e-5, rope_theta = 500000.0;
    int64_t skip_layers = 2;  // layers at the end whose result is never used (hidden_states[-3])
};

// config.json of transformers, LLaMA's or LLaVA's; name: in messages. What the class does not compute is refused.
// Throws zt::Error(WEIGHTS, UNSUPPORTED) naming the key.
[[nodiscard]] LlmConfig parse_llm_config(std::string_view text, const std::string& name);
// From shapes and the keys of GGUF. What shapes cannot tell is the published model's: 128 values a head. A file as wide
// as the published model has as many layers; of other widths any number is taken.
[[nodiscard]] LlmConfig llm_config_of(const weights::Checkpoint& file);

// Block counts of a file against its config.json: one block more or less would go unseen. Those behind the last used
// layer may be left out. Throws WEIGHTS.
void check_blocks(const LlmConfig& config, const weights::Checkpoint& file);

// How transformers, LLaVA and llama.cpp spell them; ours are transformers'.
[[nodiscard]] const load::PartNames& llm_names();
// Tensors that so many used layers read, under our names.
[[nodiscard]] std::vector<std::string> llm_tensors(int64_t layers);

}  // namespace zt::encoders
