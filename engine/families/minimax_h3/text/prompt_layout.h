// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From a prompt and its keyframes to the ids that MiniMax-H3's text model reads: for each keyframe a label and a block
// of picture tokens, then the prompt as it is. No chat template, no start or end token, no padding, no limit of length.
// Torch-free. Source: diffusers 0.42.1, modular_pipelines/minimax_h3/encoders.py.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/cancel.h"
#include "encoders/qwen3_vl_positions.h"
#include "families/minimax_h3/layout.h"
#include "text/bpe_tokenizer.h"

namespace zt::minimax_h3 {

// The layer of Qwen3-VL after which its states are read; what lies behind is never loaded.
inline constexpr int64_t kTextLayers = 50;

// Marks of speech, lyrics and captions that MiniMax-H3 knows and plain Qwen tokenizers lack: without them a line of
// dialogue is read in pieces. To be added when the tokenizer is opened.
[[nodiscard]] std::vector<text::ExtraToken> prompt_tokens();
// Throws WEIGHTS where the tokenizer lacks a token of pictures, gives one of the marks another id than the published
// model has (another Qwen's tokenizer does), or has ids from `rows` on, the rows of the embedding.
void check_tokenizer(const text::BpeTokenizer& tokenizer, int64_t rows);

struct TextLayout {
    std::vector<int32_t> ids;
    std::vector<Tag> tags;                        // of each: rows of a picture's block, its ends too, count as video
    std::vector<encoders::PictureSpan> pictures;  // where embeddings of pictures replace those of ids
};

// keyframes: how many, the first picture before the last; each becomes rows * columns tokens.
// Throws PROMPT: not UTF-8, nothing to read at all, or a token that stands for pictures written in the prompt beside a
// keyframe; CANCELLED.
[[nodiscard]] TextLayout text_layout(const text::BpeTokenizer& tokenizer, std::string_view prompt, int64_t keyframes,
                                     int64_t rows, int64_t columns, const Cancel* cancel = nullptr);

}  // namespace zt::minimax_h3
