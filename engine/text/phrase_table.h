// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A dictionary of phrases, English and Chinese, and their longest match in a prompt, with correction of misspelt words.
// For models with a vocabulary of some hundred words; what a phrase means is the model's business. Torch-free.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/spelling.h"

namespace zt::text {

// A phrase of the table: which meaning, of the model's own list, and in what form it stands.
struct PhraseEntry {
    uint32_t meaning = 0;
    bool plural = false, participle = false;
};

// Filled, finished, then immutable and thread-safe.
class PhraseTable {
public:
    // phrase: at most ten words in lower case one blank apart, or Chinese characters; at most 64 bytes. A phrase that
    // is there with another meaning is refused unless `keeps_first(its meaning)`. Throws zt::Error(WEIGHTS) beginning
    // with `where`.
    void add(const std::string& phrase, PhraseEntry entry, const std::string& where,
             const std::function<bool(uint32_t)>& keeps_first = nullptr);
    // pairs: "貓猫 魚鱼", a traditional character and its simplified one. False: they are none.
    [[nodiscard]] bool add_variants(std::string_view pairs);
    // To be called once, last. effective(meaning): a misspelt word is first taken for one of those.
    void finish(const std::function<bool(uint32_t)>& effective);

    // The phrase that consists of exactly these words (joined by one blank) or characters, or null.
    [[nodiscard]] const PhraseEntry* find(std::string_view phrase) const;
    // Most words, or characters, of a phrase that begins with this one; 0: none begins so.
    [[nodiscard]] size_t longest(std::string_view first) const;
    // True for each word of an English phrase.
    [[nodiscard]] bool has_word(const std::string& word) const { return spelling_.place(word) >= 0; }
    // The word that was meant by one that is none, or empty.
    [[nodiscard]] std::string repaired(const std::string& word) const;
    // The simplified character of a traditional one, else itself.
    [[nodiscard]] std::string_view simplified(std::string_view character) const;
    [[nodiscard]] size_t size() const { return entries_.size(); }

private:
    std::unordered_map<std::string, PhraseEntry> entries_;
    std::unordered_map<std::string, size_t> longest_;
    std::unordered_map<std::string, std::string> variants_;
    Spelling spelling_, effective_;                        // all words; those of phrases with an effect
    std::unordered_map<std::string, std::string> single_;  // words by what they are with every letter once ("rabit")
};

struct PhrasePiece {
    enum Kind { kPhrase, kNumber, kRatio, kDecimal, kUnknown, kComma, kStop } kind = kUnknown;  // "7", "16:9", "1.5"
    PhraseEntry entry;                                                                          // of a phrase
    int number = 0;  // 1..99, of digits that are no phrase
    bool chinese = false;
    std::string text;  // as typed
};

struct PhraseRow {
    std::vector<PhrasePiece> pieces;   // ends with a kStop
    std::vector<std::string> repairs;  // "'rabit' is read as 'rabbit'", each once
};

// ASCII in any case; hyphens and blanks are one; full-width signs are ASCII's; traditional characters are read as
// simplified ones. Of phrases that begin at one place the longest is taken. Unknown characters in a row are one piece.
// Broken UTF-8 separates; "U.F.O." is one word. A capitalised word before "the" that begins a sentence is a name and is
// not repaired. Linear in the length of the text. Never throws but for want of memory.
[[nodiscard]] PhraseRow find_phrases(const PhraseTable& table, std::string_view prompt);

}  // namespace zt::text
