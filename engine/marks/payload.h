// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the invisible mark says, and its code: 16 bits of the model with 8 check bits (CRC-8, x^8 + x^2 + x + 1) are
// coded by the convolutional code of rate 1/2 and constraint length 7 with generators 171 and 133 (octal; CCSDS
// 131.0-B) that ends in state 0, so 60 bits come out. Read back by the algorithm of Viterbi from soft values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "marks/layout.h"

namespace zt::marks {

// Of a model: the first 16 bits of its SHA-256, 0 for a model without weights. Takes hex digits; empty is 0.
[[nodiscard]] uint16_t model_number(std::string_view sha256);

// The whole code word, tag and payload: each bit as 1 or -1.
using CodeWord = std::array<int8_t, kTagBits + kCodeBits>;
[[nodiscard]] CodeWord encode(uint16_t model);

// soft: kCodeBits values, positive for 1; any scale. Nothing where the check bits do not agree.
[[nodiscard]] std::optional<uint16_t> decode(const float* soft);

}  // namespace zt::marks
