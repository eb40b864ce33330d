// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tokenizer of small built-in models: one id per lower-case word or per CJK character.
// Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace zt::text {

// Splits UTF-8 text: runs of ASCII letters become one lower-case word each, every character from
// U+2E80 on stands for itself, anything else separates. Never throws; broken UTF-8 separates too.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text);

struct WordIds {
    std::vector<int64_t> ids;            // 1 .. vocabulary, in order
    std::vector<std::string> unknown;    // words without an id or a likely meaning, each once, in order
    // Words read as another one by their spelling: as written -> as read, each once, in order.
    std::vector<std::pair<std::string, std::string>> corrected;
    size_t dropped = 0;                  // words past the limit
};

// Immutable; thread-safe.
class WordTokenizer {
public:
    WordTokenizer() = default;
    // Word i of the list gets id i + 1. Throws zt::Error(WEIGHTS) on an empty or double word.
    explicit WordTokenizer(std::vector<std::string> words);
    // A word that is not known is read as the nearest known one of the same first letter: one edit
    // away from four letters on, two from seven. Longer words than 32 letters never, nor common English
    // ones (common_words.h): of these a plural is read as its known singular, and a singular as its known
    // plural where no other known word is as near.
    [[nodiscard]] WordIds encode(std::string_view text, size_t max_ids) const;
    // Id of one word of the list as it stands there, 0 if the list has none. Words that no sentence
    // can write (with signs in them) are found in this way only.
    [[nodiscard]] int64_t id_of(const std::string& word) const;
    [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

private:
    [[nodiscard]] int64_t nearest(const std::string& word) const;
    std::vector<std::string> words_;
    std::unordered_map<std::string, int64_t> ids_;
};

}  // namespace zt::text
