// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See unicode_versions.h. From DerivedAge.txt, UnicodeData.txt and the package itself.
#include "text/unicode_versions.h"

#include <algorithm>
#include <iterator>

#include "text/unicode.h"

namespace zt::text {
namespace {

struct Range {
    char32_t first, last;
};

// Category L*, added by Unicode 15 to 16. N* follow.
constexpr Range kLetters[] = {
    {0x1C89, 0x1C8A},   {0xA7CB, 0xA7CD},   {0xA7DA, 0xA7DC},   {0x105C0, 0x105F3}, {0x10D4A, 0x10D65},
    {0x10D6F, 0x10D85}, {0x10EC2, 0x10EC4}, {0x1123F, 0x11240}, {0x11380, 0x11389}, {0x1138B, 0x1138B},
    {0x1138E, 0x1138E}, {0x11390, 0x113B5}, {0x113B7, 0x113B7}, {0x113D1, 0x113D1}, {0x113D3, 0x113D3},
    {0x11BC0, 0x11BE0}, {0x11F02, 0x11F02}, {0x11F04, 0x11F10}, {0x11F12, 0x11F33}, {0x1342F, 0x1342F},
    {0x13441, 0x13446}, {0x13460, 0x143FA}, {0x16100, 0x1611D}, {0x16D40, 0x16D6C}, {0x18CFF, 0x18CFF},
    {0x1B132, 0x1B132}, {0x1B155, 0x1B155}, {0x1DF25, 0x1DF2A}, {0x1E030, 0x1E06D}, {0x1E4D0, 0x1E4EB},
    {0x1E5D0, 0x1E5ED}, {0x1E5F0, 0x1E5F0}, {0x2B739, 0x2B739}, {0x2EBF0, 0x2EE5D}, {0x31350, 0x323AF}};
constexpr Range kNumbers[] = {{0x10D40, 0x10D49}, {0x116D0, 0x116E3}, {0x11BF0, 0x11BF9}, {0x11F50, 0x11F59},
                              {0x16130, 0x16139}, {0x16D70, 0x16D79}, {0x1CCF0, 0x1CCF9}, {0x1D2C0, 0x1D2D3},
                              {0x1E4F0, 0x1E4F9}, {0x1E5F1, 0x1E5FA}};

// Combining classes and compositions of Unicode 11 to 17.
constexpr Range kMarks[] = {
    {0x7FD, 0x7FD},     {0x897, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},     {0xC3C, 0xC3C},
    {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x1715, 0x1715},   {0x1ABF, 0x1AEB},   {0x1DF6, 0x1DFA},
    {0xA82C, 0xA82C},   {0x105C0, 0x105F3}, {0x10D24, 0x10D27}, {0x10D69, 0x10D6D}, {0x10EAB, 0x10EAC},
    {0x10EFA, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B},
    {0x11380, 0x113E2}, {0x1145E, 0x1145E}, {0x11839, 0x1183A}, {0x11930, 0x11946}, {0x119E0, 0x119E0},
    {0x11A34, 0x11A34}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D42}, {0x11D44, 0x11D45},
    {0x11D97, 0x11D97}, {0x11F41, 0x11F42}, {0x1611E, 0x16139}, {0x16D40, 0x16D6C}, {0x16FF0, 0x16FF1},
    {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF},
    {0x1E5EE, 0x1E5EF}, {0x1E6E3, 0x1E6F5}};

struct Capital {
    char32_t first, last;
    char32_t lower;  // of the first; the others follow
};
constexpr Capital kCapitals[] = {{0x1C89, 0x1C89, 0x1C8A},   {0xA7CB, 0xA7CB, 0x264},  {0xA7CC, 0xA7CC, 0xA7CD},
                                 {0xA7CE, 0xA7CE, 0xA7CF},   {0xA7D2, 0xA7D2, 0xA7D3}, {0xA7D4, 0xA7D4, 0xA7D5},
                                 {0xA7DA, 0xA7DA, 0xA7DB},   {0xA7DC, 0xA7DC, 0x19B},  {0x10D50, 0x10D65, 0x10D70},
                                 {0x16EA0, 0x16EB8, 0x16EBB}};

template <typename T, size_t N>
const T* in(const T (&ranges)[N], char32_t c) noexcept {
    const T* at =
        std::lower_bound(std::begin(ranges), std::end(ranges), c, [](const T& r, char32_t v) { return r.last < v; });
    return at != std::end(ranges) && c >= at->first ? at : nullptr;
}

}  // namespace

std::string with_older_letters(std::string_view text) {
    std::string out(text);
    for (size_t at = 0; at < text.size();) {
        const size_t start = at;
        const char32_t c = next_code_point(text, at);
        if (c < kLetters[0].first) continue;
        const bool letter = in(kLetters, c) != nullptr;
        if (!letter && in(kNumbers, c) == nullptr) continue;
        const std::string_view old = !letter ? "\U0001D7CE" : at - start == 3 ? "\u4E00" : "\U00020000";
        out.replace(start, at - start, old);
    }
    return out;
}

char32_t newer_lower(char32_t c) noexcept {
    if (c < kCapitals[0].first) return 0;
    const Capital* capital = in(kCapitals, c);
    return capital == nullptr ? 0 : capital->lower + (c - capital->first);
}

bool is_newer_mark(char32_t c) noexcept { return c >= kMarks[0].first && in(kMarks, c) != nullptr; }

}  // namespace zt::text
