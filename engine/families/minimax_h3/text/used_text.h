// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much of Qwen3-VL MiniMax-H3 reads, and whether text model and vision tower are of one model. Torch-free.
#pragma once

#include <string>

#include "encoders/llm_config.h"
#include "encoders/qwen3_vl_config.h"

namespace zt::minimax_h3 {

// The configuration of a file with its layers behind the fiftieth left out. Throws WEIGHTS where there are fewer; name
// starts the message.
[[nodiscard]] encoders::LlmConfig used_text(encoders::LlmConfig config, const std::string& name);

// Throws WEIGHTS where the tower makes tokens of another width than the text model reads, or taps more blocks than the
// model has layers; name: of the tower, starts the message.
void check_tower(const encoders::LlmConfig& text, const encoders::Qwen3VlVisionConfig& vision, const std::string& name);

}  // namespace zt::minimax_h3
