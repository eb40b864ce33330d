// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Numbers from text; see text_number.h.
#include "core/text_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

namespace zt {

namespace {

constexpr int64_t kMicrosecondsPerSecond = 1'000'000;

template <typename Number>
std::optional<Number> parse_whole(std::string_view text) {
    Number value{};
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
    return value;
}

bool only_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

enum class Excess { kRefuse, kDrop };

// "12.25" as a count of 10^-digits; nothing on overflow or signs. What becomes of further digits that
// are not 0, the caller says.
std::optional<int64_t> parse_fixed_point(std::string_view text, int digits, Excess excess) {
    const size_t dot = text.find('.');
    const std::string_view whole = text.substr(0, dot);
    const std::string_view fraction = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
    if (!only_digits(whole)) return std::nullopt;
    if (dot != std::string_view::npos && !only_digits(fraction)) return std::nullopt;
    const size_t most = static_cast<size_t>(digits);
    const std::string_view further = fraction.substr(std::min(most, fraction.size()));
    const bool exact = further.find_first_not_of('0') == std::string_view::npos;
    if (!exact && excess == Excess::kRefuse) return std::nullopt;
    std::string all(whole);
    all += fraction.substr(0, most);
    all.append(most - std::min(most, fraction.size()), '0');
    return parse_int64(all);
}

// "1.5" of a unit that holds 10^digits microseconds, in microseconds.
std::optional<int64_t> parse_us(std::string_view text, int digits) {
    return parse_fixed_point(text, digits, Excess::kDrop);
}

// "[HH:]MM:SS[.m]": the minutes and seconds below 60.
std::optional<int64_t> parse_clock_us(std::string_view text) {
    const size_t last = text.rfind(':');
    const auto seconds_us = parse_us(text.substr(last + 1), 6);
    const std::string_view front = text.substr(0, last);
    const size_t first = front.find(':');
    const std::string_view minutes_text = first == std::string_view::npos ? front : front.substr(first + 1);
    const std::string_view hours_text = first == std::string_view::npos ? "0" : front.substr(0, first);
    if (!only_digits(minutes_text) || !only_digits(hours_text) || !seconds_us) return std::nullopt;
    const auto minutes = parse_int64(minutes_text);
    const auto hours = parse_int64(hours_text);
    if (!minutes || !hours || *minutes > 59 || *hours > 1'000'000) return std::nullopt;
    if (*seconds_us >= 60 * kMicrosecondsPerSecond) return std::nullopt;
    return (*hours * 60 + *minutes) * 60 * kMicrosecondsPerSecond + *seconds_us;
}

bool ends_with_and_cut(std::string_view& text, std::string_view suffix) {
    if (!text.ends_with(suffix)) return false;
    text.remove_suffix(suffix.size());
    return true;
}

zt_rational lowest_terms(int64_t num, int64_t den) {
    const int64_t common = std::gcd(num, den);
    return {static_cast<int32_t>(num / common), static_cast<int32_t>(den / common)};
}

}  // namespace

std::optional<int64_t> parse_int64(std::string_view text) { return parse_whole<int64_t>(text); }

std::optional<double> parse_double(std::string_view text) {
    const auto value = parse_whole<double>(text);
    return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<bool> parse_bool(std::string_view text) {
    if (text == "1" || text == "true" || text == "yes" || text == "on") return true;
    if (text == "0" || text == "false" || text == "no" || text == "off") return false;
    return std::nullopt;
}

std::optional<std::pair<int, int>> parse_size(std::string_view text) {
    const size_t cross = text.find('x');
    if (cross == std::string_view::npos) return std::nullopt;
    if (!only_digits(text.substr(0, cross)) || !only_digits(text.substr(cross + 1))) return std::nullopt;
    const auto width = parse_whole<int>(text.substr(0, cross));
    const auto height = parse_whole<int>(text.substr(cross + 1));
    if (!width || !height) return std::nullopt;
    return std::pair(*width, *height);
}

std::optional<zt_rational> parse_rate(std::string_view text) {
    constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
    if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
        if (!only_digits(text.substr(0, slash)) || !only_digits(text.substr(slash + 1))) return std::nullopt;
        const auto num = parse_int64(text.substr(0, slash));
        const auto den = parse_int64(text.substr(slash + 1));
        if (!num || !den || *num < 1 || *den < 1 || *num > kMost || *den > kMost) return std::nullopt;
        return lowest_terms(*num, *den);
    }
    const auto thousandths = parse_fixed_point(text, 3, Excess::kRefuse);
    if (!thousandths || *thousandths < 1 || *thousandths > kMost) return std::nullopt;
    // 23.976, 23.98, 29.97, 59.94: n * 1000 / 1001 to within the digits people write.
    const int64_t nominal = (*thousandths + 999) / 1000;
    const int64_t broadcast = (nominal * 1'000'000 + 500) / 1001;
    if (*thousandths % 1000 != 0 && std::abs(*thousandths - broadcast) <= 5) {
        return zt_rational{static_cast<int32_t>(nominal * 1000), 1001};
    }
    return lowest_terms(*thousandths, 1000);
}

std::optional<int64_t> parse_time_us(std::string_view text) {
    if (text == "-1") return -1;
    const bool is_zero = text.find_first_of("123456789") == std::string_view::npos;
    std::optional<int64_t> time_us;
    if (text.find(':') != std::string_view::npos) {
        time_us = parse_clock_us(text);
    } else if (ends_with_and_cut(text, "us")) {
        time_us = parse_us(text, 0);
    } else if (ends_with_and_cut(text, "ms")) {
        time_us = parse_us(text, 3);
    } else {
        (void)ends_with_and_cut(text, "s");
        time_us = parse_us(text, 6);
    }
    // 0 often means "not given", which a very short time must not become.
    return time_us == 0 && !is_zero ? std::nullopt : time_us;
}

std::optional<int64_t> parse_bytes(std::string_view text) {
    int64_t unit = 1;
    if (ends_with_and_cut(text, "K")) {
        unit = int64_t{1} << 10;
    } else if (ends_with_and_cut(text, "M")) {
        unit = int64_t{1} << 20;
    } else if (ends_with_and_cut(text, "G")) {
        unit = int64_t{1} << 30;
    }
    if (!only_digits(text)) return std::nullopt;
    const auto count = parse_int64(text);
    if (!count || *count > std::numeric_limits<int64_t>::max() / unit) return std::nullopt;
    return *count * unit;
}

std::optional<std::array<uint8_t, 3>> parse_color(std::string_view text) {
    constexpr std::string_view kWhite = "#ffffff", kGray = "#808080", kBlack = "#000000";
    if (text == "white") text = kWhite;
    if (text == "gray") text = kGray;
    if (text == "black") text = kBlack;
    if (text.starts_with("#"))
        text.remove_prefix(1);
    else if (text.starts_with("0x"))
        text.remove_prefix(2);
    else
        return std::nullopt;
    if (text.size() != 6) return std::nullopt;
    std::array<uint8_t, 3> color{};
    for (size_t i = 0; i < color.size(); ++i) {
        const char* const at = text.data() + 2 * i;
        const auto result = std::from_chars(at, at + 2, color[i], 16);
        if (result.ec != std::errc{} || result.ptr != at + 2) return std::nullopt;
    }
    return color;
}

std::string to_text(double value) {
    char buffer[32];
    const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
    return std::string(buffer, result.ptr);
}

std::string to_text(zt_rational rate) {
    return rate.den == 1 ? std::to_string(rate.num) : std::to_string(rate.num) + "/" + std::to_string(rate.den);
}

}  // namespace zt
