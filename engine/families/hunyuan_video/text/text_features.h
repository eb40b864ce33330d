// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the video transformer hears of a prompt (and of the picture, where there is one): the states
// of the LLM at the prompt's tokens, and CLIP's one vector. The picture's embeddings take the place
// of <image> in the LLM's input; of its states every stride-th goes in front of the text's.
#pragma once

#include <string_view>
#include <vector>

#include "core/cancel.h"
#include "encoders/clip_text.h"
#include "encoders/llm.h"
#include "families/hunyuan_video/text/prompt_layout.h"

namespace zt::hunyuan_video {

// The encoders of one model, all kept by the caller. `llm` is used by one thread at a time.
struct TextEncoders {
    const text::BpeTokenizer& llm_tokenizer;
    const text::BpeTokenizer& clip_tokenizer;
    const PromptTemplate& rules;
    const encoders::LlmConfig& llm_config;
    encoders::LlmSource& llm;
    const encoders::ClipText& clip;
};

// One branch of guidance: the prompt itself, or the negative one.
struct Prompt {
    std::string_view text;
    at::Tensor picture;  // [picture tokens, hidden] of Projector, in the LLM's type; undefined: text to video.
                         // diffusers gives the negative branch a black picture
    int32_t stride = 1;  // image_stride()
};

struct TextFeatures {
    at::Tensor states;          // [tokens, hidden] in the LLM's type, no padding
    at::Tensor pooled;          // [pooled] in CLIP's type
    size_t dropped = 0;         // tokens of the prompt past the LLM's limit
    size_t pooled_dropped = 0;  // and past CLIP's
};

// Every prompt in one pass over the layers of the LLM, in the order given. Polls `cancel` once per
// layer. Throws zt::Error: PROMPT (not UTF-8), WEIGHTS (tokenizer and encoder do not belong
// together), CANCELLED, and what reading a layer throws.
// Source: encode_prompt of diffusers' pipeline_hunyuan_video{,_image2video}.py.
[[nodiscard]] std::vector<TextFeatures> text_features(const TextEncoders& encoders, const std::vector<Prompt>& prompts,
                                                      const Cancel* cancel = nullptr);

}  // namespace zt::hunyuan_video
