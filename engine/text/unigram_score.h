// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A decimal number as the package `tokenizers` reads it (its JSON reader, serde_json, without
// float_roundtrip): digits as an integer, then one multiplication or division by a power of ten. Of
// seventeen digits, as scores have, every eighth result is one step beside the nearest double, and
// which of two ways to cut a text is better may hang on that. Torch-free.
#pragma once

#include <optional>
#include <string_view>

namespace zt::text {

// The text must be a number in JSON; any character may be its decimal point. Nullopt if it is too large.
[[nodiscard]] std::optional<double> read_score(std::string_view text) noexcept;

}  // namespace zt::text
