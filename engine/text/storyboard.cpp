// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shot lists; see storyboard.h. Lines become blocks (what stands between blank lines), a block
// becomes a cue, cues become shots.
#include "text/storyboard.h"

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "core/utf8.h"
#include "text/cue_text.h"

namespace zt::text {
namespace {

constexpr std::string_view kArrow = "-->";
constexpr char kTimeForm[] = "HH:MM:SS,mmm --> HH:MM:SS,mmm";

struct Place {
    const std::string& name;
    size_t line;
};

[[noreturn]] void refuse(zt_status status, const Place& at, const std::string& expected,
                         const std::string& got) {
    throw Error(status, at.name + ": line " + std::to_string(at.line) + ": expected " + expected +
                            ", got " + got);
}

bool is_blank(char letter) { return letter == ' ' || letter == '\t'; }
bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// ---- Lines -------------------------------------------------------------------------------------

// Ended by LF, CR or CR LF; each is UTF-8 without control characters, its outer blanks gone.
std::vector<std::string_view> split_lines(std::string_view content, const std::string& name) {
    if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
    if (content.starts_with("\xFF\xFE") || content.starts_with("\xFE\xFF"))
        refuse(ZT_ERROR_PROMPT, {name, 1}, "UTF-8", "the byte-order mark of UTF-16");
    std::vector<std::string_view> lines;
    while (!content.empty()) {
        const size_t end = std::min(content.find_first_of("\r\n"), content.size());
        const std::string_view line = content.substr(0, end);
        content.remove_prefix(end);
        content.remove_prefix(content.starts_with("\r\n") ? 2 : content.empty() ? 0 : 1);
        if (const auto fault = find_text_fault(line)) {
            refuse(ZT_ERROR_PROMPT, {name, lines.size() + 1},
                   fault->encoding ? "UTF-8" : "no control characters", fault->got);
        }
        lines.push_back(trimmed(line));
    }
    return lines;
}

// ---- Time --------------------------------------------------------------------------------------

// Takes 1 to `most` digits off the front.
std::optional<int64_t> take_number(std::string_view& text, size_t least, size_t most) {
    int64_t number = 0;
    size_t digits = 0;
    for (; digits < text.size() && is_digit(text[digits]); ++digits) {
        if (digits == most) return std::nullopt;
        number = number * 10 + (text[digits] - '0');
    }
    if (digits < least) return std::nullopt;
    text.remove_prefix(digits);
    return number;
}

bool take(std::string_view& text, std::string_view letters) {
    if (text.empty() || letters.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

// "[HH:]MM:SS,mmm" off the front, in milliseconds; nothing when it has another form.
std::optional<int64_t> take_time(std::string_view& text) {
    int64_t parts[3] = {};  // hours, minutes, seconds; moved up when there are no hours
    int count = 0;
    do {
        const auto number = count == 0 ? take_number(text, 1, 4) : take_number(text, 2, 2);
        if (!number || count == 3) return std::nullopt;
        parts[count++] = *number;
    } while (take(text, ":"));
    if (count < 2 || !take(text, ",.")) return std::nullopt;
    const auto ms = take_number(text, 3, 3);
    if (count == 2) {
        parts[2] = parts[1];
        parts[1] = parts[0];
        parts[0] = 0;
    }
    if (!ms || parts[1] > 59 || parts[2] > 59) return std::nullopt;
    return ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + *ms;
}

// What may follow the times: words such as "align:start" and "X1:40", which say where a subtitle
// would stand and mean nothing here.
bool are_settings(std::string_view text) {
    while (!text.empty()) {
        if (!is_blank(text.front())) return false;  // glued to what is before it
        text = trimmed(text);
        const size_t end = std::min(text.find_first_of(" \t"), text.size());
        if (text.substr(0, end).find(':') == std::string_view::npos) return false;
        text.remove_prefix(end);
    }
    return true;
}

Cue read_times(std::string_view line, const Place& at) {
    std::string_view rest = line;
    const auto begin = take_time(rest);
    rest = trimmed(rest);
    const bool arrow = rest.starts_with(kArrow);
    if (arrow) rest = trimmed(rest.substr(kArrow.size()));
    const auto end = begin && arrow ? take_time(rest) : std::nullopt;
    if (!end || !are_settings(rest)) refuse(ZT_ERROR_ARGUMENT, at, kTimeForm, quote(line));
    if (*end <= *begin)
        refuse(ZT_ERROR_ARGUMENT, at, "an end after the beginning", quote(line));
    if (*end > kStoryboardMs) refuse(ZT_ERROR_ARGUMENT, at, "at most 24 hours", quote(line));
    return {*begin, *end, {}, at.line};
}

// ---- Blocks ------------------------------------------------------------------------------------

using Lines = std::vector<std::string_view>;

bool is_word(std::string_view line, std::string_view word) {
    return line.starts_with(word) && (line.size() == word.size() || is_blank(line[word.size()]));
}

bool has_arrow(std::string_view line) { return line.find(kArrow) != std::string_view::npos; }

// lines[at] is the first of a block; at becomes the first line past it.
void skip_block(const Lines& lines, size_t& at) {
    while (at < lines.size() && !lines[at].empty()) ++at;
}

bool is_counter(std::string_view line) {
    return std::all_of(line.begin(), line.end(), is_digit);
}

Cue read_cue(const Lines& lines, size_t& at, bool vtt, const std::string& name) {
    if (!has_arrow(lines[at])) {
        // The line before the times: a number in SRT, any identifier in WebVTT.
        const bool followed = at + 1 < lines.size() && has_arrow(lines[at + 1]);
        if (!followed || !(vtt || is_counter(lines[at]))) {
            const bool number = !followed && is_counter(lines[at]);
            refuse(ZT_ERROR_ARGUMENT, {name, at + 1},
                   number ? "a time span after the number" : vtt ? kTimeForm : "a number or " + std::string(kTimeForm),
                   quote(lines[at]));
        }
        ++at;
    }
    Cue cue = read_times(lines[at], {name, at + 1});
    std::string& text = cue.text;
    for (++at; at < lines.size() && !lines[at].empty(); ++at) {
        if (has_arrow(lines[at]))
            refuse(ZT_ERROR_ARGUMENT, {name, at + 1}, "a blank line before the next cue",
                   quote(lines[at]));
        join_line(text, plain_line(lines[at], vtt));
        if (text.size() > kCueTextBytes)
            refuse(ZT_ERROR_PROMPT, {name, at + 1}, "at most 16384 bytes of text in a cue", "more");
    }
    return cue;
}

void skip_header(const Lines& lines, size_t& at, const std::string& name) {
    for (; at < lines.size() && !lines[at].empty(); ++at) {
        if (has_arrow(lines[at]))
            refuse(ZT_ERROR_ARGUMENT, {name, at + 1}, "a blank line after the WEBVTT header",
                   quote(lines[at]));
    }
}

bool is_comment(std::string_view line) {
    return is_word(line, "NOTE") || line == "STYLE" || line == "REGION";
}

}  // namespace

std::vector<Cue> parse_storyboard(std::string_view content, const std::string& name) {
    if (content.size() > kStoryboardBytes)
        throw Error(ZT_ERROR_ARGUMENT, name + ": expected at most 1 MiB, got " +
                                           std::to_string(content.size()) + " bytes");
    const Lines lines = split_lines(content, name);
    const bool vtt = !lines.empty() && is_word(lines.front(), "WEBVTT");
    size_t at = 0;
    if (vtt) skip_header(lines, at, name);
    std::vector<Cue> cues;
    while (at < lines.size()) {
        if (lines[at].empty()) {
            ++at;
        } else if (vtt && is_comment(lines[at])) {
            skip_block(lines, at);
        } else {
            if (cues.size() == kStoryboardCues)
                refuse(ZT_ERROR_ARGUMENT, {name, at + 1}, "at most 4096 cues", "more");
            cues.push_back(read_cue(lines, at, vtt, name));
        }
    }
    std::stable_sort(cues.begin(), cues.end(),
                     [](const Cue& a, const Cue& b) { return a.begin_ms < b.begin_ms; });
    return cues;
}

int64_t frame_at(int64_t ms, zt_rational rate) {
    // 86.4e6 ms * 2 * 1e6 is below 2^48; the denominator below 2^31.
    const int64_t unit = int64_t{2000} * rate.den;
    return (ms * 2 * rate.num + unit / 2) / unit;
}

ShotList plan_shots(const std::vector<Cue>& cues, zt_rational rate, const std::string& name) {
    ShotList list;
    for (const Cue& cue : cues) {
        list.frames = std::max(list.frames, frame_at(cue.end_ms, rate));
        if (cue.text.empty()) continue;
        const int64_t first = list.shots.empty() ? 0 : frame_at(cue.begin_ms, rate);
        if (!list.shots.empty() && first <= list.shots.back().first_frame) {
            refuse(ZT_ERROR_ARGUMENT, {name, cue.line},
                   "a shot that begins after frame " +
                       std::to_string(list.shots.back().first_frame) + ", where that of line " +
                       std::to_string(list.shots.back().line) + " begins",
                   "frame " + std::to_string(first));
        }
        list.shots.push_back({first, cue.text, cue.line});
    }
    if (list.shots.empty())
        throw Error(ZT_ERROR_ARGUMENT, name + ": expected a cue with text, got " +
                                           (cues.empty() ? "no cue" : "only empty ones"));
    list.frames = std::max(list.frames, list.shots.back().first_frame + 1);
    return list;
}

}  // namespace zt::text
