// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A prompt as a row of phrases of the lexicon, unknown words and marks. Torch-free.
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

// ASCII in any case; hyphens and blanks are one; full-width signs are ASCII's; traditional characters are read as
// simplified ones. Of phrases that begin at one place the longest is taken. Unknown characters in a row are one piece.
// Broken UTF-8 separates. Linear in the length of the text.
[[nodiscard]] Phrases find_phrases(const Lexicon& lexicon, std::string_view prompt);

}  // namespace zt::storybook
