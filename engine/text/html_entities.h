// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Characters written as &amp; &#38; &#x26; in a text. Torch-free.
#pragma once

#include <string>
#include <string_view>

namespace zt::text {

// Code points 0x80 to 0x9F are control characters that nobody uses, but also what many programs made
// of Windows' quotes and dashes: those, if there is one; else c.
[[nodiscard]] char32_t from_windows(char32_t c) noexcept;

// All of them replaced once, left to right, by the rules of HTML 5: "&amp;lt;" becomes "&lt;", "&notit"
// becomes "¬it". As Python's html.unescape. Valid UTF-8 stays valid.
[[nodiscard]] std::string unescape_html(std::string_view text);

// Only those that end with a semicolon, but also names all in upper case that HTML does not know:
// "&NTILDE;". As ftfy's unescape_html.
[[nodiscard]] std::string unescape_certain_html(std::string_view text);

}  // namespace zt::text
