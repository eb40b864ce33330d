// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the transformer hears of a prompt and its keyframes: the states of Qwen3-VL behind layer 50, without a norm.
// Source: diffusers 0.42.1, modular_pipelines/minimax_h3/encoders.py.
#pragma once

#include <ATen/ATen.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancel.h"
#include "encoders/llm_config.h"
#include "encoders/qwen3_vl_config.h"
#include "families/minimax_h3/text/prompt_layout.h"
#include "image/resample.h"
#include "load/part_reader.h"

namespace zt::minimax_h3 {

// The encoder of one model, all kept by the caller. Weights are read layer by layer at every call.
struct TextEncoder {
    const text::BpeTokenizer& tokenizer;
    const encoders::LlmConfig& text;  // with kTextLayers used layers: see used_text.h
    const load::PartReader& text_reader;
    const encoders::Qwen3VlVisionConfig* vision = nullptr;  // null: there is no vision tower, so no keyframes
    const load::PartReader* vision_reader = nullptr;
    at::ScalarType type = at::kFloat;  // of the arithmetic: fp32 or bf16
};

struct TextState {
    at::Tensor states;      // [tokens, hidden] in the encoder's type
    std::vector<Tag> tags;  // [tokens]
};

// keyframes: fitted to the size of the clip, all of one size, sides multiples of 32. Polls cancel once per layer and
// per block. Throws what text_layout throws, ARGUMENT for keyframes without a vision tower, WEIGHTS for states that are
// not finite, and what reading a layer throws.
[[nodiscard]] TextState text_state(const TextEncoder& encoder, std::string_view prompt,
                                   std::span<const image::Picture> keyframes, const Cancel& cancel);

}  // namespace zt::minimax_h3
