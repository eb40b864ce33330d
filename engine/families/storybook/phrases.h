// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tokenises a prompt: a list of phrases of the lexicon, unknown words and punctuation. Torch-free.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "families/storybook/lexicon.h"

namespace zt::storybook {

struct Piece {
    enum Kind { kPhrase, kUnknown, kComma, kStop } kind = kUnknown;
    Meaning meaning;  // of a phrase
    bool plural = false, participle = false, chinese = false;
    std::string text;  // as typed
    [[nodiscard]] bool is(Role role) const { return kind == kPhrase && meaning.role == role; }
};

struct Phrases {
    std::vector<Piece> pieces;         // ends with a kStop
    std::vector<std::string> repairs;  // "'rabit' is read as 'rabbit'", each once
};

// Greedy: at each place the longest phrase of the lexicon is taken. ASCII letters match in any case, a hyphen matches a
// blank, full-width punctuation its ASCII form, traditional Chinese characters their simplified forms. A run of unknown
// characters is one piece. Invalid UTF-8 separates pieces. Takes time linear in the length of the text.
[[nodiscard]] Phrases find_phrases(const Lexicon& lexicon, std::string_view prompt);

}  // namespace zt::storybook
