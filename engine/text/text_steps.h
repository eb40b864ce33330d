// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a tokenizer does to a text before its model sees it: normalisation, then splitting into
// pieces. Both are lists of steps from the file. Torch-free.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/split_pattern.h"

namespace zt::text {

inline constexpr size_t kMaxSteps = 16;
// A step may make a text longer (NFC: 3 times, the byte alphabet: twice), but not by this much.
inline constexpr size_t kMostGrowth = 64;

struct NormalStep {
    enum class Kind { kNfc, kLowercase, kReplace };
    Kind kind = Kind::kNfc;
    std::optional<SplitPattern> pattern;   // kReplace: each match
    std::string content;                   //   becomes this
};

struct PieceStep {
    enum class Kind { kIsolate, kRemove, kByteLevel };
    Kind kind = Kind::kIsolate;
    std::optional<SplitPattern> pattern;   // kByteLevel: isolates first, if there is one
    bool invert = false;                   // kRemove: what does not match goes, not what does
};

// Throw WEIGHTS when the text grows out of measure.
[[nodiscard]] std::string normalize(const std::vector<NormalStep>& steps, std::string_view text);
// No piece is empty.
[[nodiscard]] std::vector<std::string> split_into_pieces(const std::vector<PieceStep>& steps, std::string text);

}  // namespace zt::text
