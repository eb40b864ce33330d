// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A unigram model of SentencePiece ("spiece.model"), a message of protocol buffers
// (github.com/google/sentencepiece, sentencepiece_model.proto), as the steps that a tokenizer.json of the same model
// has: those into which transformers converts it for T5. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer_parts.h"

namespace zt::text {

enum class PieceType : uint8_t { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };

// What a model is made of, in whichever file it lies.
struct SentencePieceModel {
    UnigramPieces pieces;
    std::vector<PieceType> types;  // of each
    int32_t unknown = 0, end = 2;  // ids of the unknown piece and of </s>
    bool byte_fallback = false;
    std::string charsmap;  // what characters become before all; empty: they stay
    bool prefix = true;    // a blank stands in front
    bool collapse = true;  // blanks at the ends and in rows are none
    // As transformers' class of T5 reads it: so many tokens <extra_id_n> behind the pieces, the last number first,
    // where no piece is called so, and texts are cut at any white space before all. 0: neither.
    int32_t extra_ids = 0;
};

// Adds a piece. Throws WEIGHTS for one that is no text, too long, or not a number's worth; where: in messages.
void add_piece(SentencePieceModel& model, std::string_view text, double score, uint64_t type, const std::string& where);
// The steps and pieces of a model that is complete; name: in messages. Throws WEIGHTS.
[[nodiscard]] UnigramParts sentencepiece_parts(const SentencePieceModel& model, const std::string& name);

// Control pieces (</s>, <pad>, <s>), the unknown one and those that a user defined are found in the text before
// anything else, </s> stands behind it. What a model asks for and is not done here is refused by name (UNSUPPORTED):
// other kinds of models, white space behind words, blanks that are not marked. Throws WEIGHTS for anything that is not
// such a message. name: in messages; extra_ids: as above.
[[nodiscard]] UnigramParts read_sentencepiece(std::string_view model, const std::string& name, int32_t extra_ids = 0);

}  // namespace zt::text
