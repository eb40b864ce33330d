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

namespace zt::text {

inline constexpr size_t kMaxAddedTokens = 1 << 16;
inline constexpr size_t kMaxAddedTokenBytes = 512;

struct AddedToken {
    std::string content;         // as it is searched for: normalised if `normalized`
    int32_t id = 0;
    bool single_word = false;    // not inside a word
    bool lstrip = false;         // takes white space before it along
    bool rstrip = false;         //   and behind it
    bool normalized = false;     // searched for after normalisation
};

// A part of a text: a token, or what lies between two.
struct TextPart {
    std::string_view text;
    std::optional<int32_t> id;
};

// A set of them, searched for together: the first in the text, of several at one place the longest.
// Immutable; thread-safe.
class AddedTokens {
public:
    AddedTokens() = default;
    explicit AddedTokens(std::vector<AddedToken> tokens);
    // Parts of `text`, empty ones left out. They borrow it.
    [[nodiscard]] std::vector<TextPart> split(std::string_view text) const;

private:
    [[nodiscard]] const AddedToken* longest_at(std::string_view rest) const noexcept;

    std::vector<AddedToken> tokens_;     // by content
    std::vector<size_t> lengths_;        // of contents, each once, longest first
    std::vector<bool> starts_;           // [256] bytes that begin one
};

}  // namespace zt::text
