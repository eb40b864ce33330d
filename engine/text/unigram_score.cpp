// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See unigram_score.h.
#include "text/unigram_score.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

namespace zt::text {
namespace {

constexpr int kLargestPower = 308;

// The nearest double to 10^n, 0 <= n <= 308.
double power_of_ten(int n) noexcept {
    static const std::array<double, kLargestPower + 1> powers = [] {
        std::array<double, kLargestPower + 1> made{};
        for (int i = 0; i <= kLargestPower; ++i) {
            std::array<char, 8> text = {'1', 'e'};
            const auto end = std::to_chars(text.data() + 2, text.data() + text.size(), i).ptr;
            (void)std::from_chars(text.data(), end, made[static_cast<size_t>(i)]);
        }
        return made;
    }();
    return powers[static_cast<size_t>(n)];
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

struct Digits {
    uint64_t value = 0;
    int64_t exponent = 0;

    // False when the digit does not fit any more.
    bool add(char c) noexcept {
        const auto digit = static_cast<uint64_t>(c - '0');
        constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
        if (value > kMost / 10 || (value == kMost / 10 && digit > kMost % 10)) return false;
        value = value * 10 + digit;
        return true;
    }
};

}  // namespace

std::optional<double> read_score(std::string_view text) noexcept {
    const bool negative = text.starts_with('-');
    size_t at = negative ? 1 : 0;
    Digits digits;
    // Once a digit did not fit, the rest of its half is left out.
    for (bool full = false; at < text.size() && is_digit(text[at]); ++at)
        if (full || (full = !digits.add(text[at]))) ++digits.exponent;
    if (at < text.size() && text[at] != 'e' && text[at] != 'E') {
        ++at;
        for (bool full = false; at < text.size() && is_digit(text[at]); ++at)
            if (!full && !(full = !digits.add(text[at]))) --digits.exponent;
    }
    if (at < text.size()) {
        ++at;
        const bool down = at < text.size() && text[at] == '-';
        if (at < text.size() && !is_digit(text[at])) ++at;
        constexpr int64_t kFar = 1'000'000;  // beyond any double, whatever the digits are
        int64_t written = 0;
        for (; at < text.size() && is_digit(text[at]); ++at)
            if (written < kFar) written = written * 10 + (text[at] - '0');
        digits.exponent += down ? -written : written;
    }
    double value = static_cast<double>(digits.value);
    int64_t exponent = digits.exponent;
    for (; std::abs(exponent) > kLargestPower && value != 0; exponent += kLargestPower) {
        if (exponent > 0) return std::nullopt;
        value /= power_of_ten(kLargestPower);
    }
    if (value != 0) {
        const double power = power_of_ten(static_cast<int>(std::abs(exponent)));
        exponent >= 0 ? value *= power : value /= power;
        if (!std::isfinite(value)) return std::nullopt;
    }
    return negative ? -value : value;
}

}  // namespace zt::text
