// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The time line of a subtitle cue: "00:00:01,000 --> 00:00:02,500". Torch-free.
#pragma once

#include <cstdint>
#include <string_view>

namespace zt::text {

inline constexpr char kTimeForm[] = "HH:MM:SS,mmm --> HH:MM:SS,mmm";

// Milliseconds, and nothing said about their order; or what was expected instead of the line, to be
// followed by what it says.
struct CueTimes {
    int64_t begin_ms = 0, end_ms = 0;
    std::string_view expected;  // empty = read; else static text
};

// The line has no blanks around it. The hours may be missing if there are milliseconds, and the
// milliseconds if there are hours. Settings such as "align:start" may follow.
[[nodiscard]] CueTimes read_cue_times(std::string_view line);

// Whether the line is meant to say when: it holds "-->", or nothing but two times with some other
// sign between them ("->", "=>", a dash).
[[nodiscard]] bool is_time_line(std::string_view line);

}  // namespace zt::text
