// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The normaliser `Precompiled` of a tokenizer.json: the table of replacements that SentencePiece puts
// into its models, read by the rule of the package `tokenizers` (normalizers/precompiled.rs), which is
// not SentencePiece's: a whole grapheme cluster of less than six bytes becomes what its shortest
// beginning in the table stands for, so "1" with an accent may lose it. Torch-free.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/text_budget.h"

namespace zt::text {

inline constexpr size_t kMaxCharsmapBytes = 4 << 20;  // decoded; the published ones have 0.24 MB

// Immutable; thread-safe.
class Charsmap {
public:
    // As it is written in the file, in base64; `where` starts messages. Throws WEIGHTS.
    Charsmap(std::string_view base64, std::string where);
    // As SentencePiece has it, in bytes. Throws WEIGHTS.
    [[nodiscard]] static Charsmap from_bytes(std::string_view bytes, std::string where);

    // The text, which must be valid UTF-8, with all replacements made. Linear in its length. Throws
    // WEIGHTS when the table leads out of itself, and what the budget throws.
    [[nodiscard]] std::string normalize(std::string_view text, TextBudget& budget) const;

private:
    Charsmap() = default;
    void read(std::string_view bytes);
    [[nodiscard]] uint32_t unit(size_t at) const;
    [[nodiscard]] std::optional<std::string_view> shortest_match(std::string_view text) const;

    std::string where_;
    std::vector<uint32_t> units_;  // a double array (darts-clone) over bytes
    std::string replacements_;     // each ends with a zero byte
};

}  // namespace zt::text
