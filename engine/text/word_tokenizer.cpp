// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Splitting and look-up.
#include "text/word_tokenizer.h"

#include <algorithm>

#include "core/error.h"

namespace zt::text {
namespace {

bool letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Bytes of the UTF-8 character at text[i], or 0 if there is no whole one.
size_t character_bytes(std::string_view text, size_t i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t n = lead < 0x80 ? 1 : lead >= 0xF0 && lead < 0xF8 ? 4 : lead >= 0xE0 ? (lead < 0xF0 ? 3 : 0) : lead >= 0xC2 ? 2 : 0;
    if (n == 0 || i + n > text.size()) return 0;
    for (size_t k = 1; k < n; k++)
        if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return 0;
    return n;
}

}  // namespace

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    const auto flush = [&] {
        if (!word.empty()) words.push_back(std::move(word));
        word.clear();
    };
    for (size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (letter(c)) {
            word += static_cast<char>(c | 0x20);
            i++;
            continue;
        }
        flush();
        const size_t n = character_bytes(text, i);
        // Three bytes and more with a lead of 0xE2 0xBA and up: CJK and what lies beyond.
        // CJK punctuation and full-width forms separate like their ASCII sisters.
        if (n >= 3) {
            const std::string_view character = text.substr(i, n);
            const bool cjk = character >= "\xE2\xBA\x80" && !(character >= "\xE3\x80\x80" && character <= "\xE3\x80\xBF") &&
                             !(character >= "\xEF\xBC\x80" && character <= "\xEF\xBF\xBF");
            if (cjk) words.emplace_back(character);
        }
        i += std::max<size_t>(n, 1);
    }
    flush();
    return words;
}

WordTokenizer::WordTokenizer(std::vector<std::string> words) : words_(std::move(words)) {
    for (size_t i = 0; i < words_.size(); i++) {
        if (words_[i].empty() || !ids_.emplace(words_[i], static_cast<int64_t>(i) + 1).second)
            throw Error(ZT_ERROR_WEIGHTS, "vocabulary: expected different, non-empty words, got \"" + words_[i] + "\" at line " + std::to_string(i + 1));
    }
}

WordIds WordTokenizer::encode(std::string_view text, size_t max_ids) const {
    WordIds out;
    for (const std::string& word : split_words(text)) {
        const auto found = ids_.find(word);
        if (found == ids_.end()) {
            if (std::find(out.unknown.begin(), out.unknown.end(), word) == out.unknown.end()) out.unknown.push_back(word);
        } else if (out.ids.size() < max_ids) {
            out.ids.push_back(found->second);
        } else {
            out.dropped++;
        }
    }
    return out;
}

}  // namespace zt::text
