// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Unigram segmentation of one piece of text: of all ways to cut it into tokens the one whose scores
// have the largest sum (Kudo 2018, found by Viterbi's method). The order of work is that of the package
// `tokenizers`, models/unigram/model.rs, which decides where sums are equal. Torch-free.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/text_budget.h"

namespace zt::text {

inline constexpr size_t kMaxPieceBytes = 512;       // of one: a place in a text costs as much at most
inline constexpr size_t kMaxPiecesBytes = 8 << 20;  // of all: 9 bytes of trie each; mT5's have 2.4 MB

// The vocabulary as read: ids are places in it.
struct UnigramPieces {
    struct Piece {
        uint32_t start, length;  // of text
        double score;
    };
    std::string text;
    std::vector<Piece> pieces;

    void add(std::string_view piece, double score) {
        pieces.push_back({static_cast<uint32_t>(text.size()), static_cast<uint32_t>(piece.size()), score});
        text += piece;
    }
};

struct UnigramRules {
    int32_t unknown = 0;         // for characters without a token; several in a row are one
    bool byte_fallback = false;  //   or the tokens <0x00> to <0xFF> of its bytes, if there are all of them
};

// Immutable; thread-safe.
class UnigramModel {
public:
    UnigramModel() = default;
    // Scores must be finite. Of equal pieces the last one counts, as in the reference.
    UnigramModel(const UnigramPieces& pieces, UnigramRules rules);

    // Appends the ids of a piece of valid UTF-8. Linear in its length.
    void encode(std::string_view piece, std::vector<int32_t>& ids, TextBudget& budget) const;

    [[nodiscard]] std::optional<int32_t> id(std::string_view piece) const noexcept;
    [[nodiscard]] bool has_id(int32_t id) const noexcept { return id >= 0 && id < id_end(); }
    [[nodiscard]] int32_t id_end() const noexcept { return static_cast<int32_t>(scores_.size()); }

private:
    struct Token {
        size_t start;  // in the text; it ends where the next one starts
        int32_t id;
    };
    [[nodiscard]] std::optional<size_t> child(size_t node, char byte) const noexcept;
    [[nodiscard]] std::vector<Token> best_cut(std::string_view piece, TextBudget& budget) const;
    void add_unknown(std::string_view characters, std::vector<int32_t>& ids) const;

    UnigramRules rules_;
    double unknown_score_ = 0;
    std::vector<double> scores_;           // by id
    std::array<int32_t, 256> byte_ids_{};  // or -1

    // A trie, level by level, so that the children of a node stand together: those of node n are
    // [first_[n], first_[n + 1]), by byte. Node 0 is the root.
    std::vector<uint32_t> first_;  // [nodes + 1]
    std::vector<uint8_t> bytes_;   // [nodes] what leads to it
    std::vector<int32_t> ends_;    // [nodes] the token that ends there, or -1
};

}  // namespace zt::text
