// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Code points of valid UTF-8 and the few properties of them that tokenizers ask for. The tables are
// utf8proc's. Torch-free.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zt::text {

// The code point at `at`, and `at` moved behind it. The text must be valid UTF-8 and not at its end.
[[nodiscard]] char32_t next_code_point(std::string_view text, size_t& at) noexcept;
// The code point that ends before `end` > 0; `end` moved to its start.
[[nodiscard]] char32_t previous_code_point(std::string_view text, size_t& end) noexcept;

[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;
// Property White_Space.
[[nodiscard]] bool is_white_space(char32_t c) noexcept;
// What regular expressions call \w (UTS 18, annex C): letters, marks, digits, connectors.
[[nodiscard]] bool is_word(char32_t c) noexcept;

// How many code points that composition may put in another order follow each other at most.
[[nodiscard]] size_t longest_run_of_marks(std::string_view text) noexcept;
// Canonical composition (UAX 15).
[[nodiscard]] std::string to_nfc(std::string_view text);
// The same by the newest Unicode that utf8proc knows (15 in Debian 12): what Python does. The two differ
// in marks added since 2018.
[[nodiscard]] std::string to_newest_nfc(std::string_view text);
// Appends the compatibility composition of one code point (NFKC, UAX 15).
void append_compatible(std::string& text, char32_t c);
// Each code point on its own: no rule for a final sigma; U+0130 becomes two (SpecialCasing.txt).
[[nodiscard]] std::string to_lower(std::string_view text);

}  // namespace zt::text
