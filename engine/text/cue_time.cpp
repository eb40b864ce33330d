// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See cue_time.h.
#include "text/cue_time.h"

#include <algorithm>
#include <optional>

namespace zt::text {
namespace {

constexpr std::string_view kArrow = "-->";
// FFmpeg reads ",5" as 5 ms, GStreamer as 500 ms.
constexpr char kThreeDigits[] = "three digits of milliseconds (players differ over one or two)";

bool is_blank(char letter) { return letter == ' ' || letter == '\t'; }
bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_letter(char letter) { return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'); }

void skip_blanks(std::string_view& text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

struct Digits {
    int64_t value = 0;
    size_t count = 0;
};

// Takes all digits off the front; the value counts up to the eighth.
Digits take_digits(std::string_view& text) {
    Digits digits;
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1))
        if (++digits.count <= 8) digits.value = digits.value * 10 + (text.front() - '0');
    return digits;
}

bool take(std::string_view& text, std::string_view letters) {
    if (text.empty() || letters.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

struct Time {
    int64_t ms = 0;
    std::string_view expected;
};

// "[HH:]MM:SS[,mmm]" off the front. A blank after a sign is a slip of the hand that all players read.
Time take_time(std::string_view& text) {
    int64_t parts[3] = {};  // hours, minutes, seconds; moved up when there are no hours
    int count = 0;
    do {
        skip_blanks(text);
        const Digits digits = take_digits(text);
        if (count == 3 || digits.count == 0 || digits.count > (count == 0 ? 4 : 2)) return {0, kTimeForm};
        parts[count++] = digits.value;
    } while (take(text, ":"));
    if (count < 2) return {0, kTimeForm};
    int64_t ms = 0;
    if (take(text, ",.")) {
        skip_blanks(text);
        const Digits digits = take_digits(text);
        if (digits.count == 0 || digits.count > 3) return {0, kTimeForm};
        if (digits.count < 3 && digits.value != 0) return {0, kThreeDigits};
        ms = digits.value;
    } else if (count == 2) {
        return {0, kTimeForm};  // "00:01" may be minutes or hours
    }
    if (count == 2) {
        parts[2] = parts[1];
        parts[1] = parts[0];
        parts[0] = 0;
    }
    if (parts[1] > 59 || parts[2] > 59) return {0, kTimeForm};
    return {((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + ms, {}};
}

// What may follow the times: words such as "align:start" and "X1:40", which say where a subtitle
// would stand and mean nothing here.
bool are_settings(std::string_view text) {
    while (!text.empty()) {
        if (!is_blank(text.front())) return false;  // glued to what is before it
        skip_blanks(text);
        const size_t end = std::min(text.find_first_of(" \t"), text.size());
        if (text.substr(0, end).find(':') == std::string_view::npos) return false;
        text.remove_prefix(end);
    }
    return true;
}

// Digits with a colon between, and whatever people write for the fraction.
bool take_clock(std::string_view& text) {
    int colons = 0;
    for (;;) {
        if (take_digits(text).count == 0) return false;
        if (!take(text, ":")) break;
        ++colons;
    }
    if (take(text, ",.;")) (void)take_digits(text);
    return colons > 0;
}

bool has_only_times(std::string_view line) {
    if (!take_clock(line)) return false;
    const size_t before = line.size();
    while (!line.empty() && !is_digit(line.front()) && !is_letter(line.front())) line.remove_prefix(1);
    return line.size() < before && take_clock(line) && are_settings(line);
}

}  // namespace

CueTimes read_cue_times(std::string_view line) {
    const Time begin = take_time(line);
    if (!begin.expected.empty()) return {0, 0, begin.expected};
    skip_blanks(line);
    if (!line.starts_with(kArrow)) return {0, 0, kTimeForm};
    line.remove_prefix(kArrow.size());
    const Time end = take_time(line);
    if (!end.expected.empty()) return {0, 0, end.expected};
    if (!are_settings(line)) return {0, 0, kTimeForm};
    return {begin.ms, end.ms, {}};
}

bool is_time_line(std::string_view line) { return line.find(kArrow) != std::string_view::npos || has_only_times(line); }

}  // namespace zt::text
