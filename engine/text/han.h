// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Han characters, by which a prompt is taken to be Chinese. Torch-free, needs no tables.
#pragma once

#include <string_view>

namespace zt::text {

// A character of the Han script (Unicode 15, Scripts.txt) that stands in sentences: the unified ideographs with all of
// their extensions, the compatibility ideographs, zero and the mark of repetition; not radicals, not numerals.
[[nodiscard]] constexpr bool is_han(char32_t c) noexcept {
    return c == 0x3005 || c == 0x3007 || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) ||
           (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
}

// Whether there is one. Bytes that are not UTF-8 are none.
[[nodiscard]] bool has_han(std::string_view text) noexcept;

}  // namespace zt::text
