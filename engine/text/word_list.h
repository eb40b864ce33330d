// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Splitting and joining lists that are written as one text ("a, b, c"). Torch-free.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zt::text {

// The parts between `at`, without blanks around them; empty ones are left out.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text, char at);
// The parts with `between` between them.
[[nodiscard]] std::string join_list(const std::vector<std::string>& parts, std::string_view between);

}  // namespace zt::text
