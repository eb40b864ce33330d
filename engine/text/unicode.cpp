// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See unicode.h.
#include "text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "core/utf8.h"
#include "text/unicode_versions.h"

namespace zt::text {
namespace {

// Everything below is in normal form C already and starts no composition.
constexpr char32_t kFirstCombining = 0x300;

uint8_t byte_at(std::string_view text, size_t at) noexcept { return static_cast<uint8_t>(text[at]); }

void append_composed(std::string& out, std::string_view text, int options) {
    utf8proc_uint8_t* made = nullptr;
    const utf8proc_ssize_t bytes =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                     &made, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | options));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(made, &std::free);
    // The text is valid UTF-8, so only memory can be missing.
    if (bytes < 0) throw std::bad_alloc();
    out.append(reinterpret_cast<const char*>(made), static_cast<size_t>(bytes));
}

}  // namespace

char32_t next_code_point(std::string_view text, size_t& at) noexcept {
    const uint8_t first = byte_at(text, at++);
    if (first < 0x80) return first;
    const int more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    char32_t c = first & (0x3FU >> more);
    for (int i = 0; i < more && at < text.size(); ++i) c = c << 6 | (byte_at(text, at++) & 0x3FU);
    return c;
}

char32_t previous_code_point(std::string_view text, size_t& end) noexcept {
    do --end;
    while (end > 0 && (byte_at(text, end) & 0xC0U) == 0x80);
    size_t at = end;
    return next_code_point(text, at);
}

bool is_valid_utf8(std::string_view text) noexcept {
    for (size_t at = 0; at < text.size();) {
        const size_t bytes = utf8_sequence_bytes(text, at);
        if (bytes == 0) return false;
        at += bytes;
    }
    return true;
}

bool is_white_space(char32_t c) noexcept {
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_word(char32_t c) noexcept {
    switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
        case UTF8PROC_CATEGORY_LU:
        case UTF8PROC_CATEGORY_LL:
        case UTF8PROC_CATEGORY_LT:
        case UTF8PROC_CATEGORY_LM:
        case UTF8PROC_CATEGORY_LO:
        case UTF8PROC_CATEGORY_MN:
        case UTF8PROC_CATEGORY_MC:
        case UTF8PROC_CATEGORY_ME:
        case UTF8PROC_CATEGORY_ND:
        case UTF8PROC_CATEGORY_NL:
        case UTF8PROC_CATEGORY_PC: return true;
        default: break;
    }
    // Joiners, and symbols that are Other_Alphabetic: letters in circles and squares.
    return c == 0x200C || c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
           (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
}

size_t longest_run_of_marks(std::string_view text) noexcept {
    size_t longest = 0, run = 0;
    for (size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        const bool mark =
            c >= kFirstCombining && utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class != 0;
        run = mark ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

std::string to_nfc(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    size_t start = 0;      // of what is not in `out` yet
    bool composed = true;  // it holds nothing that could change
    const auto flush = [&](size_t end) {
        const std::string_view part = text.substr(start, end - start);
        if (composed) {
            out += part;
        } else {
            append_composed(out, part, 0);
        }
        start = end;
        composed = true;
    };
    for (size_t at = 0; at < text.size();) {
        const size_t before = at;
        const char32_t c = next_code_point(text, at);
        if (is_newer_mark(c)) {
            flush(before);
            flush(at);
        } else if (c >= kFirstCombining) {
            composed = false;
        }
    }
    flush(text.size());
    return out;
}

std::string to_newest_nfc(std::string_view text) {
    std::string out;
    append_composed(out, text, 0);
    return out;
}

void append_compatible(std::string& text, char32_t c) {
    std::string character;
    append_code_point(character, c);
    append_composed(text, character, UTF8PROC_COMPAT);
}

std::string to_lower(std::string_view text) {
    std::string lower;
    lower.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const char32_t c = next_code_point(text, at);
        if (c == 0x130) {
            lower += "i\xCC\x87";
        } else if (const char32_t newer = newer_lower(c)) {
            append_code_point(lower, newer);
        } else {
            append_code_point(lower, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
        }
    }
    return lower;
}

}  // namespace zt::text
