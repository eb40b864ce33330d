// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See cue_text.h.
#include "text/cue_text.h"

#include <cstdint>

#include "core/utf8.h"

namespace zt::text {
namespace {

struct Entity {
    std::string_view name, meaning;
};
// Those of WebVTT, and the two quotes that HTML editors write. Marks of direction say nothing.
constexpr Entity kEntities[] = {{"&amp;", "&"},  {"&lt;", "<"},  {"&gt;", ">"}, {"&nbsp;", " "}, {"&quot;", "\""},
                                {"&apos;", "'"}, {"&#39;", "'"}, {"&lrm;", ""}, {"&rlm;", ""}};

// The character that ends the tag or override which begins here, 0 if none does.
char closing(std::string_view text) {
    if (text.size() < 2) return 0;
    const char second = text[1];
    const bool letter = (second >= 'a' && second <= 'z') || (second >= 'A' && second <= 'Z');
    const bool digit = second >= '0' && second <= '9';
    if (text[0] == '<' && (letter || digit || second == '/')) return '>';
    return text[0] == '{' && second == '\\' ? '}' : '\0';
}

// U+2E80 and above: the scripts of East Asia, where a line break is no blank.
bool is_east_asian(std::string_view character) {
    const auto byte = [&](size_t at) { return static_cast<uint8_t>(character[at]); };
    if (character.size() < 3) return false;
    return character.size() > 3 || byte(0) > 0xE2 || (byte(0) == 0xE2 && byte(1) >= 0xBA);
}

std::string_view first_character(std::string_view text) { return text.substr(0, utf8_sequence_bytes(text, 0)); }

std::string_view last_character(std::string_view text) {
    size_t at = text.size() - 1;
    while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
    return text.substr(at);
}

}  // namespace

std::string plain_line(std::string_view line, bool entities) {
    std::string plain;
    // Searched once: a line of many '<' and no '>' must not cost the square of its length.
    const size_t last_angle = line.rfind('>'), last_brace = line.rfind('}');
    for (size_t at = 0; at < line.size();) {
        const std::string_view rest = line.substr(at);
        if (const char close = closing(rest)) {
            const size_t last = close == '>' ? last_angle : last_brace;
            if (last != std::string_view::npos && last > at) {
                at += rest.find(close) + 1;
                continue;
            }
        }
        std::string_view said = rest.substr(0, 1);
        size_t bytes = 1;
        if (entities && rest[0] == '&') {
            for (const Entity& entity : kEntities) {
                if (!rest.starts_with(entity.name)) continue;
                said = entity.meaning;
                bytes = entity.name.size();
            }
        }
        at += bytes;
        const bool blank = said == " " || said == "\t";
        if (!blank)
            plain += said;
        else if (!plain.empty() && plain.back() != ' ')
            plain += ' ';
    }
    if (!plain.empty() && plain.back() == ' ') plain.pop_back();
    return plain;
}

void join_line(std::string& text, std::string_view line) {
    if (line.empty()) return;
    if (!text.empty() && !(is_east_asian(last_character(text)) && is_east_asian(first_character(line)))) text += ' ';
    text += line;
}

}  // namespace zt::text
