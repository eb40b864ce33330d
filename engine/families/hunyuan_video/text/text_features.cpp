// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Prompts and pictures through the LLM and CLIP.
#include "families/hunyuan_video/text/text_features.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace zt::hunyuan_video {
namespace {

// The tokenizer may know more tokens than the table has rows: files of two models mixed up.
void check_ids(const std::vector<int32_t>& ids, int64_t rows, const char* part) {
    const auto most = std::max_element(ids.begin(), ids.end());
    if (most != ids.end() && *most >= rows)
        throw Error(ZT_ERROR_WEIGHTS, std::string(part) + ": expected ids below the encoder's vocabulary of " +
                                          std::to_string(rows) + ", got " + std::to_string(*most));
}

at::Tensor embeddings(const TextEncoders& e, const TextLayout& layout, const at::Tensor& picture) {
    check_ids(layout.ids, e.llm_config.vocab, "tokenizer");
    if (layout.image_count == 0) return e.llm.rows(layout.ids);
    // The rows under the picture are not read.
    const auto start = layout.ids.begin() + layout.image_start, end = start + layout.image_count;
    std::vector<int32_t> text(layout.ids.begin(), start);
    text.insert(text.end(), end, layout.ids.end());
    const at::Tensor rows = e.llm.rows(text);
    const int64_t before = layout.image_start;
    return at::cat(
        {rows.narrow(0, 0, before), picture.to(rows.options()), rows.narrow(0, before, rows.size(0) - before)});
}

}  // namespace

std::vector<TextFeatures> text_features(const TextEncoders& e, const std::vector<Prompt>& prompts,
                                        const Cancel* cancel) {
    std::vector<TextLayout> layouts;
    std::vector<encoders::LlmSequence> sequences;
    for (const Prompt& prompt : prompts) {
        const int64_t picture_tokens = prompt.picture.defined() ? prompt.picture.size(0) : 0;
        layouts.push_back(text_layout(e.llm_tokenizer, e.rules, prompt.text, static_cast<int32_t>(picture_tokens),
                                      prompt.stride, cancel));
        sequences.push_back({embeddings(e, layouts.back(), prompt.picture)});
    }
    std::vector<TextFeatures> features;
    for (const Prompt& prompt : prompts) {
        const PooledLayout layout = pooled_layout(e.clip_tokenizer, prompt.text, cancel);
        check_ids(layout.ids, e.clip.config.vocab, "tokenizer_2");
        features.push_back({{}, forward(e.clip, layout.ids), 0, layout.dropped});
    }
    const std::vector<at::Tensor> states = encoders::run_llm(e.llm_config, e.llm, std::move(sequences), cancel);
    for (size_t i = 0; i < states.size(); i++) {
        features[i].states = states[i].index_select(0, at::tensor(layouts[i].keep, at::kInt).to(states[i].device()));
        features[i].dropped = layouts[i].dropped;
    }
    return features;
}

}  // namespace zt::hunyuan_video
