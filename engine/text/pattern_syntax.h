// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reads a tokenizer's regular expression and writes it for PCRE2; see split_pattern.h. Torch-free.
#pragma once

#include <string>
#include <string_view>

namespace zt::text {

// Throws UNSUPPORTED with `where` in front: "tokenizer.json: pre_tokenizer: pattern: expected a
// regular expression without "\b", got one at byte 3".
[[nodiscard]] std::string to_pcre2(std::string_view expression, const std::string& where);

}  // namespace zt::text
