// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tokenizer of small built-in models: one id per lower-case word or per CJK character.
// Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace zt::text {

// Splits UTF-8 text: runs of ASCII letters become one lower-case word each, every character from
// U+2E80 on stands for itself, anything else separates. Never throws; broken UTF-8 separates too.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text);

struct WordIds {
    std::vector<int64_t> ids;            // 1 .. vocabulary, in order
    std::vector<std::string> unknown;    // words without an id, each once, in order
    size_t dropped = 0;                  // words past the limit
};

// Immutable; thread-safe.
class WordTokenizer {
public:
    WordTokenizer() = default;
    // Word i of the list gets id i + 1. Throws zt::Error(WEIGHTS) on an empty or double word.
    explicit WordTokenizer(std::vector<std::string> words);
    [[nodiscard]] WordIds encode(std::string_view text, size_t max_ids) const;
    [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

private:
    std::vector<std::string> words_;
    std::unordered_map<std::string, int64_t> ids_;
};

}  // namespace zt::text
