// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What diffusers does to a prompt before T5 and UMT5 see it (pipelines/wan, prompt_clean): the repairs
// of the Python package ftfy, HTML's names and numbers of characters read twice, white space collapsed.
//
// Of ftfy one thing is left out: text whose bytes were once read in the wrong encoding ("cafÃ©") is not
// repaired. That is a guess with large tables; text that is not broken so is not changed by it. And
// ftfy repeats its repairs until nothing changes; here that ends after kMostRepairs rounds, so that
// "&amp;amp;amp;…" of any length takes linear time. Torch-free.
#pragma once

#include <string>
#include <string_view>

namespace zt::text {

inline constexpr int kMostRepairs = 64;

// Throws PROMPT when the text is not UTF-8 or has more combining marks in a row than composition can
// put in order in good time (kMostMarks).
[[nodiscard]] std::string clean_prompt(std::string_view text);

}  // namespace zt::text
