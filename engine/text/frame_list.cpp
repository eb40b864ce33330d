// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See frame_list.h.
#include "text/frame_list.h"

#include <cstdint>

namespace zt::text {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kOpening = "\"'[({";
constexpr std::string_view kColons[] = {":", "\xEF\xBC\x9A"};  // the second is the Chinese one
constexpr size_t kMostDigits = 7;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_one_of(char letter, std::string_view letters) { return letters.find(letter) != std::string_view::npos; }

void skip(std::string_view& text, std::string_view letters) {
    while (!text.empty() && is_one_of(text.front(), letters)) text.remove_prefix(1);
}

// The number of "30:", "\"30\":", "[30]" or "[30]:" at the front, -1 if there is none of them.
// "10:30" is a time.
int64_t number_at(std::string_view text) {
    const bool bracket = text.starts_with('[');
    for (int signs = 0; signs < 2 && !text.empty() && is_one_of(text.front(), kOpening); ++signs) text.remove_prefix(1);
    int64_t number = 0;
    size_t digits = 0;
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1)) {
        if (++digits > kMostDigits) return -1;
        number = number * 10 + (text.front() - '0');
    }
    if (digits == 0) return -1;
    if (bracket) return text.starts_with(']') ? number : -1;
    skip(text, "\"')");
    skip(text, kBlanks);
    for (const std::string_view colon : kColons)
        if (text.starts_with(colon)) return text.size() > colon.size() && !is_digit(text[colon.size()]) ? number : -1;
    return -1;
}

// A number may begin behind this character: not inside a word, another number or a time.
bool may_precede(char letter) {
    return is_one_of(letter, kBlanks) || is_one_of(letter, ",;|{[(\"'") || static_cast<unsigned char>(letter) >= 0x80;
}

}  // namespace

bool is_frame_list(std::string_view text) {
    skip(text, kBlanks);
    skip(text, "{");
    skip(text, kBlanks);
    for (const std::string_view word : {"frame ", "Frame "})
        if (text.starts_with(word)) text.remove_prefix(word.size());
    if (number_at(text) != 0) return false;
    for (size_t at = 1; at < text.size(); ++at)
        if (may_precede(text[at - 1]) && number_at(text.substr(at)) > 0) return true;
    return false;
}

}  // namespace zt::text
