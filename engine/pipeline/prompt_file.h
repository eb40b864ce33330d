// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reads a prompt from a regular file of at most `most_bytes`. A byte-order mark, and blanks and line ends around the
// text, are not part of the prompt; CR LF counts as one line end.
#pragma once

#include <cstddef>
#include <string>

namespace zt::pipeline {

[[nodiscard]] std::string read_prompt_file(const std::string& path, size_t most_bytes);

}  // namespace zt::pipeline
