// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See prompt_layout.h.
#include "families/hunyuan_video/text/prompt_layout.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/utf8.h"

namespace zt::hunyuan_video {
namespace {

// The templates of HunyuanVideo and HunyuanVideo-I2V (hyvideo/constants.py), in the form of diffusers.
constexpr std::string_view kVideoBefore =
    "<|start_header_id|>system<|end_header_id|>\n\nDescribe the video by detailing the following aspects: "
    "1. The main content and theme of the video."
    "2. The color, shape, size, texture, quantity, text, and spatial relationships of the objects."
    "3. Actions, events, behaviors temporal relationships, physical movement changes of the objects."
    "4. background environment, light, style and atmosphere."
    "5. camera angles, movements, and transitions used in the video:<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\n";
constexpr std::string_view kVideoAfter = "<|eot_id|>";
constexpr std::string_view kImageBefore =
    "<|start_header_id|>system<|end_header_id|>\n\n<image>\nDescribe the video by detailing the following aspects "
    "according to the reference image: "
    "1. The main content and theme of the video."
    "2. The color, shape, size, texture, quantity, text, and spatial relationships of the objects."
    "3. Actions, events, behaviors temporal relationships, physical movement changes of the objects."
    "4. background environment, light, style and atmosphere."
    "5. camera angles, movements, and transitions used in the video:<|eot_id|>\n\n"
    "<|start_header_id|>user<|end_header_id|>\n\n";
constexpr std::string_view kImageAfter = "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n";

// "<|eot_id|>", start header, "assistant", end header: four tokens in the published vocabulary, and
// four are cut away in any other too.
constexpr int32_t kAssistantTokens = 4;
constexpr ptrdiff_t kHeadersWithoutAssistant = 2;

int32_t required_id(const text::BpeTokenizer& tokenizer, std::string_view token) {
    const auto id = tokenizer.id(token);
    if (!id) throw Error(ZT_ERROR_WEIGHTS, "tokenizer: expected a token " + quote(token) + ", got none");
    return *id;
}

// Blanks and line ends of ASCII, U+0085, U+00A0, U+1680, U+2000..200A, U+2028, U+2029, U+202F, U+205F, U+3000.
size_t white_space_at(std::string_view text) noexcept {
    const auto c = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0; };
    if ((c(0) >= 0x09 && c(0) <= 0x0D) || c(0) == 0x20) return 1;
    if (c(0) == 0xC2 && (c(1) == 0x85 || c(1) == 0xA0)) return 2;
    if (c(0) == 0xE1 && c(1) == 0x9A && c(2) == 0x80) return 3;
    if (c(0) == 0xE2 && c(1) == 0x80 &&
        ((c(2) >= 0x80 && c(2) <= 0x8A) || c(2) == 0xA8 || c(2) == 0xA9 || c(2) == 0xAF))
        return 3;
    if (c(0) == 0xE2 && c(1) == 0x81 && c(2) == 0x9F) return 3;
    return c(0) == 0xE3 && c(1) == 0x80 && c(2) == 0x80 ? 3 : 0;
}

// Where the text that follows the prompt's own begins and ends being cut: [first, last) goes.
struct Cut {
    int32_t first, last;
};

// Of a sequence of `length` ids as the tokenizer gave it.
Cut assistant_cut(const std::vector<int32_t>& ids, const PromptTemplate& rules) {
    const auto length = static_cast<int32_t>(ids.size());
    int32_t header = length - 1;  // truncation took the assistant's header away
    if (std::count(ids.begin(), ids.end(), rules.end_header_id) != kHeadersWithoutAssistant) {
        const auto last = std::find(ids.rbegin(), ids.rend(), rules.end_header_id);
        header = static_cast<int32_t>(ids.rend() - last) - 1;
    }
    return {std::max(header + 1 - kAssistantTokens, rules.prefix), header + 1};
}

void refuse_reserved(const text::BpeTokenizer& llm, const PromptTemplate& rules, const std::vector<int32_t>& ids) {
    const auto pad = llm.id("<pad>");
    for (size_t i = 0; i < ids.size(); ++i) {
        const bool second_image = ids[i] == rules.image_id && static_cast<int32_t>(i) != rules.image_at;
        if (second_image || (pad && ids[i] == *pad))
            throw Error(ZT_ERROR_PROMPT, std::string("prompt: expected no ") +
                                             (second_image ? "\"<image>\"" : "\"<pad>\"") +
                                             " when there is a picture, got one");
    }
}

}  // namespace

std::string_view default_negative_prompt(Kind kind) {
    return kind == Kind::kTextToVideo
               ? "Aerial view, aerial view, overexposed, low quality, deformation, a poor composition, bad hands, bad "
                 "teeth, bad eyes, "
                 "bad limbs, distortion"
               : "deformation, a poor composition and deformed video, bad teeth, bad eyes, bad limbs";
}

std::string_view stripped(std::string_view prompt) noexcept {
    while (const size_t bytes = white_space_at(prompt)) prompt.remove_prefix(bytes);
    for (bool more = true; more && !prompt.empty();) {
        size_t start = prompt.size() - 1;
        while (start > 0 && (static_cast<uint8_t>(prompt[start]) & 0xC0U) == 0x80) --start;
        more = white_space_at(prompt.substr(start)) == prompt.size() - start;
        if (more) prompt.remove_suffix(prompt.size() - start);
    }
    return prompt;
}

PromptTemplate prompt_template(const text::BpeTokenizer& llm, Kind kind) {
    PromptTemplate rules;
    const bool image = kind != Kind::kTextToVideo;
    rules.before = image ? kImageBefore : kVideoBefore;
    rules.after = image ? kImageAfter : kVideoAfter;
    rules.end_header_id = required_id(llm, "<|end_header_id|>");
    const std::vector<int32_t> ids = llm.encode(rules.before).ids;
    rules.prefix = static_cast<int32_t>(ids.size());
    if (image) {
        rules.image_id = required_id(llm, "<image>");
        rules.image_at = static_cast<int32_t>(std::find(ids.begin(), ids.end(), rules.image_id) - ids.begin());
        if (rules.image_at == rules.prefix)
            throw Error(ZT_ERROR_WEIGHTS, "tokenizer: expected \"<image>\" to be a token, got none");
    }
    return rules;
}

TextLayout text_layout(const text::BpeTokenizer& llm, const PromptTemplate& rules, std::string_view prompt,
                       int32_t image_tokens, int32_t stride, const Cancel* cancel) {
    std::string text(rules.before);
    text.append(stripped(prompt)).append(rules.after);
    text::TokenIds tokens = llm.encode(text, true, static_cast<size_t>(rules.prefix) + kMaxPromptTokens, cancel);
    const auto length = static_cast<int32_t>(tokens.ids.size());
    TextLayout layout;
    layout.dropped = tokens.dropped;
    if (rules.image_at < 0) {
        layout.ids = std::move(tokens.ids);
        for (int32_t i = rules.prefix; i < length; ++i) layout.keep.push_back(i);
        return layout;
    }
    refuse_reserved(llm, rules, tokens.ids);
    layout.image_start = rules.image_at;
    layout.image_count = image_tokens;
    const auto at = tokens.ids.begin() + rules.image_at;
    layout.ids.assign(tokens.ids.begin(), at);
    layout.ids.insert(layout.ids.end(), static_cast<size_t>(image_tokens), rules.image_id);
    layout.ids.insert(layout.ids.end(), at + 1, tokens.ids.end());
    for (int32_t i = 0; i < image_tokens; i += stride) layout.keep.push_back(rules.image_at + i);
    const Cut cut = assistant_cut(tokens.ids, rules);
    const int32_t shift = image_tokens - 1;  // of everything behind the picture
    for (int32_t i = rules.prefix; i < length; ++i)
        if (i < cut.first || i >= cut.last) layout.keep.push_back(i + shift);
    return layout;
}

PooledLayout pooled_layout(const text::BpeTokenizer& clip, std::string_view prompt, const Cancel* cancel) {
    const int32_t end = required_id(clip, "<|endoftext|>");
    text::TokenIds tokens = clip.encode(stripped(prompt), true, kMaxClipTokens, cancel);
    PooledLayout layout{std::move(tokens.ids), tokens.dropped};
    const auto first = std::find(layout.ids.begin(), layout.ids.end(), end);
    if (first == layout.ids.end())
        throw Error(ZT_ERROR_WEIGHTS, "tokenizer_2: expected an end token behind every text, got none");
    layout.ids.erase(first + 1, layout.ids.end());
    return layout;
}

}  // namespace zt::hunyuan_video
