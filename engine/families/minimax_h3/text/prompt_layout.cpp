// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See prompt_layout.h.
#include "families/minimax_h3/text/prompt_layout.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

#include "core/error.h"
#include "core/utf8.h"

namespace zt::minimax_h3 {
namespace {

constexpr std::array<std::string_view, 7> kMarks = {
    "<d>", "</d>", "<|cutoff|>", "<|lyrics_start|>", "<|lyrics_end|>", "<|caption_start|>", "<|caption_end|>"};
// Ids of the published vocabulary: where its special tokens begin, and where the marks do.
constexpr int32_t kPublishedEnd = 151'643, kFirstMark = 151'669;
constexpr std::string_view kEndOfText = "<|endoftext|>";
constexpr std::string_view kStart = "<|vision_start|>", kEnd = "<|vision_end|>";
constexpr std::string_view kImage = "<|image_pad|>", kVideo = "<|video_pad|>";

int32_t required_id(const text::BpeTokenizer& tokenizer, std::string_view token) {
    const auto id = tokenizer.id(token);
    if (!id) throw Error(ZT_ERROR_WEIGHTS, "tokenizer: expected a token " + quote(token) + ", got none");
    return *id;
}

void append(TextLayout& layout, const std::vector<int32_t>& ids, Tag tag) {
    layout.ids.insert(layout.ids.end(), ids.begin(), ids.end());
    layout.tags.insert(layout.tags.end(), ids.size(), tag);
}

}  // namespace

std::vector<text::ExtraToken> prompt_tokens() {
    std::vector<text::ExtraToken> tokens;
    for (const std::string_view mark : kMarks) tokens.push_back({{.content = std::string(mark)}, {}});
    return tokens;
}

void check_tokenizer(const text::BpeTokenizer& tokenizer, int64_t rows) {
    for (const std::string_view token : {kStart, kEnd, kImage}) (void)required_id(tokenizer, token);
    const bool published = tokenizer.id(kEndOfText) == kPublishedEnd;
    for (size_t i = 0; i < kMarks.size(); ++i) {
        const int32_t id = required_id(tokenizer, kMarks[i]), wanted = kFirstMark + static_cast<int32_t>(i);
        if (published && id != wanted)
            throw Error(ZT_ERROR_WEIGHTS, "tokenizer: token " + quote(kMarks[i]) + ": expected the id " +
                                              std::to_string(wanted) + " as in Qwen3-VL's vocabulary, got " +
                                              std::to_string(id));
    }
    if (tokenizer.id_end() > rows)
        throw Error(ZT_ERROR_WEIGHTS, "tokenizer: expected ids below " + std::to_string(rows) +
                                          " (rows of the embedding), got " + std::to_string(tokenizer.id_end() - 1));
}

TextLayout text_layout(const text::BpeTokenizer& tokenizer, std::string_view prompt, int64_t keyframes, int64_t rows,
                       int64_t columns, const Cancel* cancel) {
    TextLayout layout;
    for (int64_t i = 0; i < keyframes; ++i) {
        append(layout, tokenizer.encode("<Picture " + std::to_string(i + 1) + ">: ", false).ids, Tag::kText);
        append(layout, {required_id(tokenizer, kStart)}, Tag::kVideo);
        layout.pictures.push_back({static_cast<int64_t>(layout.ids.size()), rows, columns});
        append(layout, std::vector<int32_t>(static_cast<size_t>(rows * columns), required_id(tokenizer, kImage)),
               Tag::kVideo);
        append(layout, {required_id(tokenizer, kEnd)}, Tag::kVideo);
    }
    const std::vector<int32_t> ids = tokenizer.encode(prompt, false, SIZE_MAX, cancel).ids;
    for (const std::string_view pad : {kImage, kVideo}) {
        const auto id = tokenizer.id(pad);
        if (keyframes > 0 && id && std::find(ids.begin(), ids.end(), *id) != ids.end())
            throw Error(ZT_ERROR_PROMPT, "prompt: expected no " + quote(pad) + " when there is a picture, got one");
    }
    append(layout, ids, Tag::kText);
    if (layout.ids.empty()) throw Error(ZT_ERROR_PROMPT, "prompt: expected text, got none");
    return layout;
}

}  // namespace zt::minimax_h3
