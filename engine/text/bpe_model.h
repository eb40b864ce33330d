// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Byte pair encoding of one piece of text: characters become tokens, then the pair with the lowest
// rank is joined, the leftmost first, until none is left (Sennrich et al. 2016; the order of work is
// that of the package `tokenizers`, models/bpe/word.rs, which decides where ranks tie). Torch-free.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/text_budget.h"
#include "text/vocabulary.h"

namespace zt::text {

inline constexpr size_t kMaxMerges = 1 << 22;

struct Merge {
    int32_t left = 0, right = 0;  // ids
    int32_t joined = 0;           // id of the result
    uint32_t rank = 0;
};

struct BpeRules {
    std::string end_of_word_suffix;  // on the last character of a piece
    std::optional<int32_t> unknown;  // for characters without a token; none: they vanish
    bool fuse_unknown = false;       // several of them in a row are one
    bool ignore_merges = false;      // a piece that is a token is that token
};

// Immutable; thread-safe.
class BpeModel {
public:
    BpeModel() = default;
    // A pair that comes twice keeps the last rank, as in the reference.
    BpeModel(Vocabulary vocabulary, std::vector<Merge> merges, BpeRules rules);

    // Appends the ids of a piece of valid UTF-8. n log n in its length.
    void encode(std::string_view piece, std::vector<int32_t>& ids, TextBudget& budget) const;
    [[nodiscard]] const Vocabulary& vocabulary() const noexcept { return vocabulary_; }

private:
    struct Join {
        int32_t right, joined;
        uint32_t rank;
    };
    struct Symbol {
        int32_t id, previous, next;  // id -1: joined into the one before
    };
    [[nodiscard]] const Join* find(int32_t left, int32_t right) const noexcept;
    [[nodiscard]] std::vector<Symbol> characters(std::string_view piece, TextBudget& budget) const;
    void join(std::vector<Symbol>& symbols, TextBudget& budget) const;

    Vocabulary vocabulary_;
    BpeRules rules_;
    std::vector<uint32_t> first_;  // [id_end + 1] where the pairs that start with an id begin in joins_
    std::vector<Join> joins_;      // by left, then right
};

}  // namespace zt::text
