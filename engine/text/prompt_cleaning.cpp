// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See prompt_cleaning.h.
#include "text/prompt_cleaning.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "core/error.h"
#include "core/utf8.h"
#include "text/html_entities.h"
#include "text/text_steps.h"
#include "text/unicode.h"

namespace zt::text {
namespace {

struct Ligature {
    char32_t c;
    std::string_view letters;
};
// Quotes in them straightened.
constexpr Ligature kLigatures[] = {{0x132, "IJ"},  {0x133, "ij"},  {0x149, "'n"},  {0x1C4, "DŽ"},   {0x1C5, "Dž"},
                                   {0x1C6, "dž"},  {0x1C7, "LJ"},  {0x1C8, "Lj"},  {0x1C9, "lj"},   {0x1CA, "NJ"},
                                   {0x1CB, "Nj"},  {0x1CC, "nj"},  {0x1F1, "DZ"},  {0x1F2, "Dz"},   {0x1F3, "dz"},
                                   {0xFB00, "ff"}, {0xFB01, "fi"}, {0xFB02, "fl"}, {0xFB03, "ffi"}, {0xFB04, "ffl"},
                                   {0xFB05, "ſt"}, {0xFB06, "st"}};

// Control characters that nobody means, but for those that are white space.
bool is_noise(char32_t c) noexcept {
    return c <= 0x08 || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || (c >= 0x206A && c <= 0x206F) ||
           c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC);
}

// C1 control characters as Windows' characters, ligatures as letters, full and half width as usual
// width, curly quotes as straight ones.
std::string usual_characters(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const char32_t c = from_windows(next_code_point(text, at));
        const Ligature* ligature = std::lower_bound(std::begin(kLigatures), std::end(kLigatures), c,
                                                    [](const Ligature& l, char32_t v) { return l.c < v; });
        if (ligature != std::end(kLigatures) && ligature->c == c) {
            out += ligature->letters;
        } else if (c == 0x3000) {
            out += ' ';
        } else if (c >= 0xFF01 && c <= 0xFFEF) {
            append_compatible(out, c);
        } else if (c == 0x2BC || (c >= 0x2018 && c <= 0x201B)) {
            out += '\'';
        } else if (c >= 0x201C && c <= 0x201F) {
            out += '"';
        } else {
            append_code_point(out, c);
        }
    }
    return out;
}

// The bytes of a terminal's colour sequence at the start of the text: ESC [ 1;31 m. 0 if there is none.
size_t escape_bytes(std::string_view text) noexcept {
    if (!text.starts_with("\x1B[")) return 0;
    const size_t end = std::min(text.find_first_not_of("0123456789;", 2), text.size());
    const bool letter = end < text.size() && ((text[end] | 0x20) >= 'a' && (text[end] | 0x20) <= 'z');
    return letter ? end + 1 : 0;
}

// Every kind of line break as \n; terminal sequences and noise left out.
std::string without_noise(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        if (const size_t escape = escape_bytes(text.substr(at)); escape > 0) {
            at += escape;
            continue;
        }
        const char32_t c = next_code_point(text, at);
        if (c == '\r') {
            if (at < text.size() && text[at] == '\n') ++at;
            out += '\n';
        } else if (c == 0x2028 || c == 0x2029) {
            out += '\n';
        } else if (!is_noise(c)) {
            append_code_point(out, c);
        }
    }
    return out;
}

std::string repaired(std::string line, bool unescape) {
    for (int round = 0; round < kMostRepairs; ++round) {
        std::string next = without_noise(usual_characters(unescape ? unescape_certain_html(line) : line));
        if (longest_run_of_marks(next) > kMostMarks)
            refuse(ZT_ERROR_PROMPT, "prompt", "at most " + std::to_string(kMostMarks) + " combining marks in a row",
                   "more");
        next = to_newest_nfc(next);
        if (next == line) break;
        line = std::move(next);
    }
    return line;
}

// Line by line, as ftfy does; from the first line with < on the text is HTML and its names stay.
std::string repaired_lines(std::string_view text) {
    std::string out;
    bool unescape = true;
    for (size_t at = 0; at < text.size();) {
        const size_t found = text.find('\n', at);
        const size_t end = found == std::string_view::npos ? text.size() : found + 1;
        const std::string_view line = text.substr(at, end - at);
        unescape = unescape && line.find('<') == std::string_view::npos;
        out += repaired(std::string(line), unescape);
        at = end;
    }
    return out;
}

// What Python takes for white space: Unicode's, and four separators of ASCII.
bool is_blank(char32_t c) noexcept { return is_white_space(c) || (c >= 0x1C && c <= 0x1F); }

}  // namespace

std::string clean_prompt(std::string_view text) {
    for (size_t at = 0, bytes = 0; at < text.size(); at += bytes) {
        bytes = utf8_sequence_bytes(text, at);
        if (bytes == 0) refuse(ZT_ERROR_PROMPT, "prompt", "UTF-8", "something else at byte " + std::to_string(at));
    }
    const std::string plain = unescape_html(unescape_html(repaired_lines(text)));
    std::string out;
    out.reserve(plain.size());
    bool blank = false;  // before what comes next
    for (size_t at = 0; at < plain.size();) {
        const char32_t c = next_code_point(plain, at);
        if (is_blank(c)) {
            blank = true;
            continue;
        }
        if (blank && !out.empty()) out += ' ';
        blank = false;
        append_code_point(out, c);
    }
    return out;
}

}  // namespace zt::text
