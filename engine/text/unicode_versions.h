// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which Unicode a code point is judged by. The package `tokenizers` (0.23.3, compared over every code
// point) splits by Unicode 16, lowers by 17 and normalises by about 10, whatever the machine's
// libraries know: PCRE2 has 14 in Debian 12, utf8proc 15. Ids must not depend on that, so the
// differences are listed here. Torch-free.
#pragma once

#include <string>
#include <string_view>

namespace zt::text {

// The text with each letter and number that Unicode 15 and 16 added replaced by an old one whose
// UTF-8 is as long: byte positions stay.
[[nodiscard]] std::string with_older_letters(std::string_view text);

// Lower case of capitals that Unicode 16 and 17 added; 0 for all others.
[[nodiscard]] char32_t newer_lower(char32_t c) noexcept;

// True for marks and letters that the old normalisation does not know: it leaves them where they
// are, and composes nothing across them.
[[nodiscard]] bool is_newer_mark(char32_t c) noexcept;

}  // namespace zt::text
