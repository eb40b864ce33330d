// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The text of a subtitle cue without its markup (tags, positions, styles). Torch-free.
#pragma once

#include <string>
#include <string_view>

namespace zt::text {

// Without tags ("<i>", "</font>", "<v Bob>", "<00:01.000>") and overrides ("{\an8}"), runs of blanks
// made one and the outer ones gone. A '<' that begins no tag or is never closed stays. With
// entities, "&amp;", "&lt;" and the like become what they mean (WebVTT); unknown ones stay.
[[nodiscard]] std::string plain_line(std::string_view line, bool entities);

// Appends a line to text with a blank between, unless either is empty or the characters that meet
// are both of a script that is written without blanks.
void join_line(std::string& text, std::string_view line);

}  // namespace zt::text
