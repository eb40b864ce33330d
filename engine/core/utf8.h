// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Strict UTF-8: what a prompt may contain, and how foreign text is shown in messages and logs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace zt {

// Text of a user shown in a message is cut here: a log line must stay readable.
inline constexpr size_t kShownTextBytes = 200;

// Bytes of the well-formed sequence (Unicode 15, table 3-7) that starts at `at`; 0 if there is none.
[[nodiscard]] size_t utf8_sequence_bytes(std::string_view text, size_t at) noexcept;

// Appends a code point that is no surrogate.
void append_code_point(std::string& text, char32_t c);

// Appends UTF-16, two bytes a unit, as UTF-8. False when a surrogate stands alone or half a unit is
// left; out then holds what came before it.
[[nodiscard]] bool append_utf16(std::string& out, std::string_view bytes, bool big_endian);

// The first thing wrong with a text, as "got" half of a message: "byte 0xC3 at 17" for what is not
// UTF-8, "control character U+001B at 3" for control characters other than tab and newline.
struct TextFault {
    bool encoding;  // not UTF-8, as opposed to a control character
    std::string got;
};
[[nodiscard]] std::optional<TextFault> find_text_fault(std::string_view text);

// The text on one line with control characters and broken bytes as \n, \x1b …, cut at `most` bytes
// between two characters with "…" appended.
[[nodiscard]] std::string one_line(std::string_view text, size_t most);
// The same in double quotes, cut at kShownTextBytes: how user text appears in messages.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace zt
