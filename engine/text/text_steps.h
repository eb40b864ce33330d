// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The first two stages of a tokenizer: normalisation of the text, and splitting it into pieces (pre-tokenisation). Each
// is a list of steps from the tokenizer's file. Torch-free.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/charsmap.h"
#include "text/split_pattern.h"

namespace zt::text {

inline constexpr size_t kMaxSteps = 16;
// Composition puts marks that follow each other in order by exchanging neighbours, which is
// quadratic in their number. A prompt cannot have more.
inline constexpr size_t kMostMarks = 8192;

struct NormalStep {
    enum class Kind { kNfc, kLowercase, kReplace, kStrip, kCharsmap };
    Kind kind = Kind::kNfc;
    std::optional<SplitPattern> pattern;                 // kReplace: each match
    std::string content;                                 //   becomes this
    bool left = false, right = false;                    // kStrip: white space at which ends
    std::unique_ptr<const Charsmap> charsmap = nullptr;  // kCharsmap
};

struct PieceStep {
    enum class Kind { kIsolate, kRemove, kByteLevel, kWhitespace, kMetaspace };
    Kind kind = Kind::kIsolate;
    std::optional<SplitPattern> pattern;  // kByteLevel: isolates first, if there is one
    bool invert = false;                  // kRemove: what does not match goes, not what does
    std::string mark{};                   // kMetaspace: what a blank becomes
    bool prepend = false;                 //   and stands before a piece that has none
    bool split = false;                   //   each begins a piece of its own
};

// Throw WEIGHTS when the text grows out of measure, and what the budget throws.
[[nodiscard]] std::string normalize(const std::vector<NormalStep>& steps, std::string_view text, TextBudget& budget);
// No piece is empty.
[[nodiscard]] std::vector<std::string> split_into_pieces(const std::vector<PieceStep>& steps, std::string text,
                                                         TextBudget& budget);

}  // namespace zt::text
