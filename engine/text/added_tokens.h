// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tokens that are found in the text before anything else splits it, special ones among them. Rules
// of the package `tokenizers`, tokenizer/added_vocabulary.rs. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/text_budget.h"

namespace zt::text {

inline constexpr size_t kMaxAddedTokens = 1 << 16;
inline constexpr size_t kMaxAddedTokenBytes = 512;
inline constexpr size_t kMaxAddedTokensBytes = 4 << 20;  // all together: 18 bytes of automaton each

struct AddedToken {
    std::string content;  // as it is searched for: normalised if `normalized`
    int32_t id = 0;
    bool single_word = false;  // not inside a word
    bool lstrip = false;       // takes white space before it along
    bool rstrip = false;       //   and behind it
    bool normalized = false;   // searched for after normalisation
};

// A token that a file or a caller adds to a vocabulary.
struct ExtraToken {
    AddedToken token;           // its id is not read
    std::optional<int32_t> id;  // none: the one it has already, else the next behind all others
};

// A part of a text: a token, or what lies between two.
struct TextPart {
    std::string_view text;
    std::optional<int32_t> id;
};

// A set of them, searched for together: the first in the text, of several at one place the longest.
// All are one trie, walked down once in each place, so their number does not matter.
// Immutable; thread-safe.
class AddedTokens {
public:
    AddedTokens() = default;
    explicit AddedTokens(std::vector<AddedToken> tokens);
    // Parts of `text`, empty ones left out. They borrow it.
    [[nodiscard]] std::vector<TextPart> split(std::string_view text, TextBudget& budget) const;

private:
    struct Walk {
        const AddedToken* token;  // null: none begins here
        size_t steps;
    };
    [[nodiscard]] Walk longest_at(std::string_view rest) const noexcept;

    // Nodes level by level, so that the children of one stand together: those of node n are
    // [first_[n], first_[n + 1]), by byte. Node 0 is the root.
    std::vector<AddedToken> tokens_;  // by content
    std::vector<uint32_t> first_;     // [nodes + 1]
    std::vector<uint8_t> bytes_;      // [nodes] what leads to it
    std::vector<int32_t> ends_;       // [nodes] the token that ends there, or -1
};

}  // namespace zt::text
