// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers from text, for options. Never depends on the locale; the whole text must be the number.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "include/zoetrope/zoetrope.h"

namespace zt {

// Each returns nothing when the text is not of the form described.
[[nodiscard]] std::optional<int64_t> parse_int64(std::string_view text);             // "-12"
[[nodiscard]] std::optional<double> parse_double(std::string_view text);             // "1.5"; finite only
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);                 // 0 1 false true no yes off on
[[nodiscard]] std::optional<std::pair<int, int>> parse_size(std::string_view text);  // "256x144"
// "24", "24000/1001"; decimals mean the broadcast rate nearby ("23.976" = 24000/1001), else exactly
// what they say ("12.5" = 25/2). Positive, in lowest terms.
[[nodiscard]] std::optional<zt_rational> parse_rate(std::string_view text);
// Microseconds: "1.5" (seconds), "[HH:]MM:SS[.m]", "500ms", "20us", and "-1" (returned as -1).
// Further digits are dropped, as FFmpeg does; a time that would then be 0 is refused.
[[nodiscard]] std::optional<int64_t> parse_time_us(std::string_view text);
[[nodiscard]] std::optional<int64_t> parse_bytes(std::string_view text);  // "6G", 1024-based K M G

[[nodiscard]] std::optional<std::array<uint8_t, 3>> parse_color(
    std::string_view text);  // "#RRGGBB" "0xRRGGBB" white gray black

// How a number and a rate read in messages: "1.5", "24000/1001", "24".
[[nodiscard]] std::string to_text(double value);
[[nodiscard]] std::string to_text(zt_rational rate);

}  // namespace zt
