// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Parser of shot lists; see storyboard.h. Lines are grouped into blocks (separated by blank lines), each block is a
// cue, and cues become shots.
#include "text/storyboard.h"

#include <algorithm>

#include "core/error.h"
#include "core/frame_time.h"
#include "core/utf8.h"
#include "text/cue_text.h"
#include "text/cue_time.h"

namespace zt::text {
namespace {

struct Place {
    const std::string& name;
    size_t line;
};

[[noreturn]] void refuse(zt_status status, const Place& at, const std::string& expected, const std::string& got) {
    throw Error(status, at.name + ": line " + std::to_string(at.line) + ": expected " + expected + ", got " + got);
}

bool is_blank(char letter) { return letter == ' ' || letter == '\t'; }
bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// ---- Lines ----

constexpr char kTooLong[] = "at most 16384 bytes of text in a cue";

// Takes a line and its end, LF, CR or CR LF, off the front.
std::string_view take_line(std::string_view& content) {
    const size_t end = std::min(content.find_first_of("\r\n"), content.size());
    const std::string_view line = content.substr(0, end);
    content.remove_prefix(end);
    content.remove_prefix(content.starts_with("\r\n") ? 2 : content.empty() ? 0 : 1);
    return line;
}

// Without its byte-order mark; UTF-16 becomes UTF-8, which `converted` then holds.
std::string_view as_utf8(std::string_view content, std::string& converted, const std::string& name) {
    if (content.starts_with("\xEF\xBB\xBF")) return content.substr(3);
    const bool big_endian = content.starts_with("\xFE\xFF");
    if (!big_endian && !content.starts_with("\xFF\xFE")) return content;
    if (append_utf16(converted, content.substr(2), big_endian)) return converted;
    std::string_view rest = converted;
    size_t line = 1;
    for (; rest.find_first_of("\r\n") != std::string_view::npos; ++line) (void)take_line(rest);
    refuse(ZT_ERROR_PROMPT, {name, line}, "UTF-16, as the byte-order mark says", "half a character");
}

// Each is UTF-8 without control characters, its outer blanks gone.
std::vector<std::string_view> split_lines(std::string_view content, const std::string& name) {
    std::vector<std::string_view> lines;
    while (!content.empty()) {
        const std::string_view line = take_line(content);
        if (const auto fault = find_text_fault(line)) {
            const Place at{name, lines.size() + 1};
            if (!fault->encoding) refuse(ZT_ERROR_PROMPT, at, "no control characters", fault->got);
            refuse(ZT_ERROR_PROMPT, at, "UTF-8 or UTF-16 with a byte-order mark",
                   fault->got + "; if it is Latin-1, this converts it: iconv -f cp1252 -t utf-8 IN > OUT");
        }
        lines.push_back(trimmed(line));
    }
    return lines;
}

// ---- Blocks ----

using Lines = std::vector<std::string_view>;

bool is_word(std::string_view line, std::string_view word) {
    return line.starts_with(word) && (line.size() == word.size() || is_blank(line[word.size()]));
}

// The first line from `at` on that is not blank, or their number.
size_t next_text(const Lines& lines, size_t at) {
    while (at < lines.size() && lines[at].empty()) ++at;
    return at;
}

// lines[at] is the first of a block; at becomes the first line past it.
void skip_block(const Lines& lines, size_t& at) {
    while (at < lines.size() && !lines[at].empty()) ++at;
}

bool is_counter(std::string_view line) { return !line.empty() && std::all_of(line.begin(), line.end(), is_digit); }

// Past what may stand before a cue's times: in WebVTT any line, in SRT a number, which blank lines
// may follow.
void skip_counter(const Lines& lines, size_t& at, bool vtt, const std::string& name) {
    if (is_time_line(lines[at])) return;
    const bool counter = is_counter(lines[at]);
    const size_t next = vtt ? at + 1 : next_text(lines, at + 1);
    const bool followed = next < lines.size() && is_time_line(lines[next]);
    if (!followed || !(vtt || counter)) {
        refuse(ZT_ERROR_ARGUMENT, {name, at + 1},
               counter && !followed ? "a time span after the number"
               : vtt                ? kTimeForm
                                    : "a number or " + std::string(kTimeForm),
               quote(lines[at]));
    }
    at = next;
}

Cue read_times(std::string_view line, const Place& at) {
    const CueTimes times = read_cue_times(line);
    if (!times.expected.empty()) refuse(ZT_ERROR_ARGUMENT, at, std::string(times.expected), quote(line));
    if (times.end_ms <= times.begin_ms) refuse(ZT_ERROR_ARGUMENT, at, "an end after the beginning", quote(line));
    if (times.end_ms > kStoryboardMs) refuse(ZT_ERROR_ARGUMENT, at, "at most 24 hours", quote(line));
    return {times.begin_ms, times.end_ms, {}, at.line};
}

// Whether a cue's text goes on behind blank lines, as players show it. In WebVTT a blank line ends
// the cue, in SRT the next cue does. A number that no times follow is left to be refused: it may be
// a cue that lost them.
bool goes_on(const Lines& lines, size_t at, bool vtt) {
    const size_t next = next_text(lines, at);
    return !vtt && next < lines.size() && !is_time_line(lines[next]) && !is_counter(lines[next]);
}

Cue read_cue(const Lines& lines, size_t& at, bool vtt, const std::string& name) {
    skip_counter(lines, at, vtt, name);
    Cue cue = read_times(lines[at], {name, at + 1});
    std::string& text = cue.text;
    for (++at; at < lines.size(); ++at) {
        if (lines[at].empty()) {
            if (!goes_on(lines, at, vtt)) break;
            at = next_text(lines, at);
        }
        if (is_time_line(lines[at]))
            refuse(ZT_ERROR_ARGUMENT, {name, at + 1}, "a blank line before the next cue", quote(lines[at]));
        join_line(text, plain_line(lines[at], vtt));
        if (text.size() > kCueTextBytes) refuse(ZT_ERROR_PROMPT, {name, at + 1}, kTooLong, "more");
    }
    return cue;
}

void skip_header(const Lines& lines, size_t& at, const std::string& name) {
    for (; at < lines.size() && !lines[at].empty(); ++at) {
        if (is_time_line(lines[at]))
            refuse(ZT_ERROR_ARGUMENT, {name, at + 1}, "a blank line after the WEBVTT header", quote(lines[at]));
    }
}

bool is_comment(std::string_view line) { return is_word(line, "NOTE") || line == "STYLE" || line == "REGION"; }

}  // namespace

std::vector<Cue> parse_storyboard(std::string_view content, const std::string& name) {
    if (content.size() > kStoryboardBytes)
        throw Error(ZT_ERROR_ARGUMENT,
                    name + ": expected at most 1 MiB, got " + std::to_string(content.size()) + " bytes");
    std::string converted;
    const Lines lines = split_lines(as_utf8(content, converted, name), name);
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
            if (cues.size() == kStoryboardCues) refuse(ZT_ERROR_ARGUMENT, {name, at + 1}, "at most 4096 cues", "more");
            cues.push_back(read_cue(lines, at, vtt, name));
        }
    }
    std::stable_sort(cues.begin(), cues.end(), [](const Cue& a, const Cue& b) { return a.begin_ms < b.begin_ms; });
    return cues;
}

int64_t frame_at(int64_t ms, zt_rational rate) {
    return zt_first_frame_at(ms * 1000, ZT_CUE_SLACK_US, rate.num, rate.den);
}

ShotList plan_shots(const std::vector<Cue>& cues, zt_rational rate, const std::string& name) {
    ShotList list;
    int64_t last = -1;  // the frame the latest shot's cue begins on, also if the shot begins sooner
    for (const Cue& cue : cues) {
        list.frames = std::max(list.frames, frame_at(cue.end_ms, rate));
        if (cue.text.empty()) continue;
        const int64_t first = frame_at(cue.begin_ms, rate);
        if (first == last) {
            Shot& shot = list.shots.back();
            join_line(shot.prompt, cue.text);
            if (shot.prompt.size() > kCueTextBytes)
                refuse(ZT_ERROR_PROMPT, {name, cue.line}, "at most 16384 bytes of text in the cues of one frame",
                       "more");
            list.joined.push_back(cue.line);
        } else {
            list.shots.push_back({list.shots.empty() ? 0 : first, cue.text, cue.line});
            last = first;
        }
    }
    if (list.shots.empty())
        throw Error(ZT_ERROR_ARGUMENT,
                    name + ": expected a cue with text, got " + (cues.empty() ? "no cue" : "only empty ones"));
    list.frames = std::max(list.frames, list.shots.back().first_frame + 1);
    return list;
}

}  // namespace zt::text
