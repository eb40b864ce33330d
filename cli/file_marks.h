// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a file itself says about being generated (docs/marks.md): its comment, and the SEI of H.264 and H.265. Anybody
// can write both, and anybody can remove them.
#pragma once

#include <string>

namespace zt::cli {

struct FileMarks {
    std::string comment;  // "AI-generated+…"; empty: none
    std::string sei;      // the JSON; empty: none
};

// Reads the head of the file only. source: an argument for -i, of a file that can be opened again. Programs that are
// missing or fail leave both empty.
[[nodiscard]] FileMarks read_file_marks(const std::string& source);

// Of an H.264 or H.265 stream: the text of Zoetrope's SEI; empty: none.
[[nodiscard]] std::string find_sei(const std::string& stream);

}  // namespace zt::cli
