// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which known word a misspelt one was meant to be. Torch-free.
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
    // Place in the list of the nearest known word of the same first letter: one edit away from four letters on, two
    // from seven; -1 if there is none. Longer words than 32 letters have none, nor common English ones
    // (common_words.h): of these a plural is read as its known singular, and a singular as its known
    // plural where no other known word is as near.
    [[nodiscard]] ptrdiff_t nearest(const std::string& word) const;
    // The same for a list that has all the forms of its words: real words, also regular forms of common ones
    // ("swinging"), have none. Empty if there is none.
    [[nodiscard]] std::string nearest_word(const std::string& word) const;
    // -1: not in the list.
    [[nodiscard]] ptrdiff_t place(const std::string& word) const;
    [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

private:
    std::vector<std::string> words_;
    std::unordered_map<std::string, ptrdiff_t> places_;
};

}  // namespace zt::text
