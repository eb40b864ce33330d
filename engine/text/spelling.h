// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Correction of misspelt words: finds the word of a dictionary that was probably meant. Torch-free.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace zt::text {

// Immutable; thread-safe. Words in lower case.
class Spelling {
public:
    Spelling() = default;
    // Words may not be empty or stand twice.
    explicit Spelling(std::vector<std::string> words);
    // The nearest known word of the same first letter: one edit away from four letters on, two from seven; of two that
    // are as near the one with the same letters. Empty if there is none. Longer words than 32 letters have none, nor
    // real ones: common English words (common_words.h) and their regular forms ("swinging").
    [[nodiscard]] std::string nearest_word(const std::string& word) const;
    // -1: not in the list.
    [[nodiscard]] ptrdiff_t place(const std::string& word) const;
    [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

private:
    std::vector<std::string> words_;
    std::unordered_map<std::string, ptrdiff_t> places_;
};

}  // namespace zt::text
