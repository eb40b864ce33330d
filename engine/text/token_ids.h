// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The result of a tokenizer: token ids, and how many were cut off. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace zt::text {

inline constexpr uint64_t kMaxTokenizerBytes = 32 << 20;      // of a file: the largest published ones have 17 MB,
inline constexpr uint64_t kMaxSentencePieceBytes = 16 << 20;  // of SentencePiece 4.5 MB

struct TokenIds {
    std::vector<int32_t> ids;
    size_t dropped = 0;  // tokens of the text that `most` left no room for
};

}  // namespace zt::text
