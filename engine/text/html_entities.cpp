// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See html_entities.h. The names are kept as one text (as in common_words.cpp) and found by binary search.
#include "text/html_entities.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/utf8.h"
#include "text/unicode.h"

namespace zt::text {
namespace {

constexpr std::string_view kNames =
#include "text/html_entities.inc"
    ;
static_assert(kNames.front() == '\n' && kNames.back() == '\n');

constexpr size_t kMostNameCharacters = 32;     // without its semicolon
constexpr size_t kMostCertainCharacters = 24;  // the same for ftfy

// What code points 0x80 to 0x9F are in Windows' encoding of western Europe; 0: nothing.
constexpr std::array<char16_t, 32> kWindows1252 = {0x20AC, 0,      0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x2C6,  0x2030, 0x160,  0x2039, 0x152,  0,      0x17D,  0,
                                                   0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0,      0x17E,  0x178};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter_or_digit(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool ends_entry(char c) noexcept { return c == ' ' || c == '\n'; }
bool is_mark(char c) noexcept { return c == ';' || c == '*' || c == '^'; }

struct Named {
    char mark;                     // see html_entities.inc
    std::string_view code_points;  // "223E,333"
};

std::optional<Named> find_name(std::string_view name) {
    size_t low = 1, high = kNames.size();  // where entries begin: the first, and one past the last
    while (low < high) {
        size_t begin = low + (high - low) / 2;
        while (!ends_entry(kNames[begin - 1])) --begin;
        size_t mark = begin, end = begin;
        while (!is_mark(kNames[mark])) ++mark;
        while (!ends_entry(kNames[end])) ++end;
        const int order = name.compare(kNames.substr(begin, mark - begin));
        if (order == 0) return Named{kNames[mark], kNames.substr(mark + 1, end - mark - 1)};
        if (order < 0) {
            high = begin;
        } else {
            low = end + 1;
        }
    }
    return std::nullopt;
}

// Digits of a number; too large ones give some number beyond Unicode.
char32_t number_of(std::string_view digits, char32_t base) noexcept {
    char32_t value = 0;
    for (const char c : digits) {
        const auto digit = static_cast<char32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
        value = std::min<char32_t>(value * base + digit, 0x110000);
    }
    return value;
}

void append_named(std::string& out, std::string_view code_points) {
    while (!code_points.empty()) {
        const size_t comma = std::min(code_points.find(','), code_points.size());
        append_code_point(out, number_of(code_points.substr(0, comma), 16));
        code_points.remove_prefix(std::min(comma + 1, code_points.size()));
    }
}

// HTML reads numbers below 0xA0 as Windows does, and leaves out what is no character.
void append_numbered(std::string& out, char32_t c) {
    if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        append_code_point(out, 0xFFFD);
    } else if (c >= 0x80 && c <= 0x9F) {
        append_code_point(out, from_windows(c));
    } else {
        const bool control = (c < 0x20 && c != '\t' && c != '\n' && c != '\f' && c != '\r') || c == 0x7F;
        if (!control && !(c >= 0xFDD0 && c <= 0xFDEF) && (c & 0xFFFE) != 0xFFFE) append_code_point(out, c);
    }
}

// "#123;" or "#x7B" at the start of the text: the bytes of it, 0 if there is none.
struct Number {
    size_t bytes;
    char32_t value;
};
Number read_number(std::string_view text) noexcept {
    if (!text.starts_with('#')) return {0, 0};
    const bool hex = text.size() > 1 && (text[1] | 0x20) == 'x';
    const size_t start = hex ? 2 : 1;
    size_t end = start;
    while (end < text.size() && (hex ? is_hex(text[end]) : is_digit(text[end]))) ++end;
    if (end == start) return {0, 0};
    const char32_t value = number_of(text.substr(start, end - start), hex ? 16 : 10);
    return {end < text.size() && text[end] == ';' ? end + 1 : end, value};
}

// All `length` bytes at the start of `text` if they are a name and a semicolon is behind, else the
// longest name among their beginnings that needs none: appends the character, returns the bytes used.
size_t append_longest_name(std::string& out, std::string_view text, size_t length) {
    const auto append = [&](std::string_view name, bool semicolon) {
        const auto found = find_name(name);
        const bool ends = found && (semicolon ? found->mark != '^' : found->mark == '*');
        if (ends) append_named(out, found->code_points);
        return ends;
    };
    if (length < text.size() && text[length] == ';' && append(text.substr(0, length), true)) return length + 1;
    // Names that need no semicolon have two to six letters.
    for (size_t bytes = std::min<size_t>(length, 6); bytes >= 2; --bytes)
        if (append(text.substr(0, bytes), false)) return bytes;
    return 0;
}

// Calls use(rest behind &), which returns how many bytes it replaced, for each & of the text.
template <typename F>
std::string for_each_ampersand(std::string_view text, F use) {
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const size_t found = std::min(text.find('&', at), text.size());
        out += text.substr(at, found - at);
        at = found;
        if (at == text.size()) break;
        const size_t replaced = use(out, text.substr(at + 1));
        if (replaced == 0) out += '&';
        at += 1 + replaced;
    }
    return out;
}

}  // namespace

char32_t from_windows(char32_t c) noexcept {
    return c >= 0x80 && c <= 0x9F && kWindows1252[c - 0x80] != 0 ? kWindows1252[c - 0x80] : c;
}

std::string unescape_html(std::string_view text) {
    return for_each_ampersand(text, [](std::string& out, std::string_view rest) -> size_t {
        if (const Number number = read_number(rest); number.bytes > 0) {
            append_numbered(out, number.value);
            return number.bytes;
        }
        size_t length = 0;
        for (size_t characters = 0; characters < kMostNameCharacters && length < rest.size(); ++characters) {
            if (std::string_view("\t\n\f <&#;").find(rest[length]) != std::string_view::npos) break;
            (void)next_code_point(rest, length);
        }
        return append_longest_name(out, rest, length);
    });
}

std::string unescape_certain_html(std::string_view text) {
    return for_each_ampersand(text, [](std::string& out, std::string_view rest) -> size_t {
        const size_t start = rest.starts_with('#') ? 1 : 0;
        size_t end = start;
        while (end < rest.size() && end - start <= kMostCertainCharacters && is_letter_or_digit(rest[end])) ++end;
        if (end == start || end - start > kMostCertainCharacters || end == rest.size() || rest[end] != ';') return 0;
        if (start == 1) {
            const Number number = read_number(rest);
            if (number.bytes != end + 1 || number.value == ';') return 0;  // letters behind digits; a quirk of ftfy
            append_numbered(out, number.value);
            return number.bytes;
        }
        const auto found = find_name(rest.substr(0, end));
        if (!found) return 0;
        append_named(out, found->code_points);
        return end + 1;
    });
}

}  // namespace zt::text
