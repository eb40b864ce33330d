// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From a prompt to the ids that the two text encoders read, and which of their results go on: the
// templates around the prompt, their length, truncation, where the picture's embeddings stand, what
// is cut away. All as indices, so that the encoders only gather rows. Follows diffusers' pipelines
// pipeline_hunyuan_video.py and pipeline_hunyuan_video_image2video.py; no padding anywhere (the
// mask of the reference hides it). Torch-free pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "families/hunyuan_video/config.h"
#include "text/bpe_tokenizer.h"

namespace zt::hunyuan_video {

inline constexpr int32_t kMaxPromptTokens = 256;  // of the LLM, after the template's own
inline constexpr int32_t kMaxClipTokens = 77;     // with start and end

// Every nth picture token is kept. diffusers forgets to hand the stride on when it encodes the
// negative prompt of true CFG, so that branch always has 2.
[[nodiscard]] constexpr int32_t image_stride(Kind kind, bool negative) {
    return kind == Kind::kTokenReplace && !negative ? 4 : 2;
}

// Of the negative prompt when true CFG is on and none is given (HunyuanVideo and HunyuanVideo-I2V,
// constants.py). The picture of the negative branch is black.
[[nodiscard]] std::string_view default_negative_prompt(Kind kind);

// The template, measured once with the tokenizer of the model at hand: 95 tokens of prefix for text
// and 103 for pictures in the published vocabulary, other numbers in others.
struct PromptTemplate {
    std::string_view before, after;  // around the prompt
    int32_t prefix = 0;              // tokens of `before`, begin of text included
    int32_t image_at = -1;           // index of <image> among them; -1: text to video
    int32_t image_id = -1, end_header_id = -1;
};
// Throws WEIGHTS when the tokenizer has no token <|end_header_id|> or <image> and a picture needs it.
[[nodiscard]] PromptTemplate prompt_template(const text::BpeTokenizer& llm, Kind kind);

struct TextLayout {
    std::vector<int32_t> ids;   // [n] for the LLM, the picture's expanded: image_count times image_id;
                                // positions are 0 .. n-1, attention is causal
    std::vector<int32_t> keep;  // [kept] indices into the LLM's states, in the order of the result: every
                                // stride-th of the picture, then text
    int32_t image_start = 0;    // embeddings of the picture replace those of ids
    int32_t image_count = 0;    //   [image_start, image_start + image_count); 0: none
    size_t dropped = 0;         // tokens past the limit: the end of the prompt has no effect
};
// `image_tokens`: what the vision tower gives (576), 0 for text to video; `stride`: image_stride().
// Throws PROMPT for a text that is not UTF-8, and for <image> or <pad> written in the prompt of a
// picture: the reference mixes up its places there.
[[nodiscard]] TextLayout text_layout(const text::BpeTokenizer& llm, const PromptTemplate& rules,
                                     std::string_view prompt, int32_t image_tokens = 0, int32_t stride = 1,
                                     const Cancel* cancel = nullptr);

struct PooledLayout {
    std::vector<int32_t> ids;  // [n] for CLIP's text model, ends with the end token; the pooled state
                               // is that of the last one. What follows has no effect (causal)
    size_t dropped = 0;
};
[[nodiscard]] PooledLayout pooled_layout(const text::BpeTokenizer& clip, std::string_view prompt,
                                         const Cancel* cancel = nullptr);

// The prompt as both encoders read it: without white space at its ends (Unicode's White_Space). The
// original strips too, diffusers does not; there a leading newline would join the template's own
// and change a token that is cut away.
[[nodiscard]] std::string_view stripped(std::string_view prompt) noexcept;

}  // namespace zt::hunyuan_video
