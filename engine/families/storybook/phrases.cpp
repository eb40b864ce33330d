// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See phrases.h.
#include "families/storybook/phrases.h"

#include <utility>

namespace zt::storybook {
namespace {

Meaning of_role(Role role, int count = 0) {
    Meaning m;
    m.role = role, m.count = static_cast<int8_t>(count);
    return m;
}

}  // namespace

Phrases find_phrases(const Lexicon& lexicon, std::string_view prompt) {
    using Found = text::PhrasePiece;
    text::PhraseRow row = text::find_phrases(lexicon.table(), prompt);
    Phrases out;
    out.repairs = std::move(row.repairs);
    for (Found& found : row.pieces) {
        Piece piece;
        piece.chinese = found.chinese;
        piece.text = std::move(found.text);
        piece.kind = found.kind == Found::kUnknown ? Piece::kUnknown
                     : found.kind == Found::kComma ? Piece::kComma
                     : found.kind == Found::kStop  ? Piece::kStop
                                                   : Piece::kPhrase;
        if (found.kind == Found::kPhrase) {
            piece.meaning = lexicon.meaning(found.entry);
            piece.plural = found.entry.plural, piece.participle = found.entry.participle;
        } else if (found.kind == Found::kRatio ||
                   found.kind == Found::kDecimal) {  // a ratio, an hour; a weight ("fox:1.2")
            piece.meaning = of_role(found.kind == Found::kRatio ? Role::kContent : Role::kUnit);
        } else if (found.kind == Found::kNumber) {
            piece.meaning = of_role(Role::kCount, found.number);
        }
        out.pieces.push_back(std::move(piece));
    }
    return out;
}

}  // namespace zt::storybook
