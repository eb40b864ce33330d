// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reading the fields of a tokenizer.json: null is the same as missing, and what is not known is refused
// by name, since it could change ids. Torch-free.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace zt::text {

[[noreturn]] void unsupported(const json::Field& field, const std::string& expected, const std::string& got);
void check_keys(const json::Field& field, std::initializer_list<std::string_view> known);

[[nodiscard]] std::optional<json::Field> find(const json::Field& field, std::string_view key);
[[nodiscard]] bool flag(const json::Field& field, std::string_view key, bool otherwise);
[[nodiscard]] std::string text_of(const json::Field& field, std::string_view key);
void require_off(const json::Field& field, std::string_view key);

// The steps of a part: of a `Sequence` its list, nested ones flattened; else the one step; none if it is missing.
[[nodiscard]] std::vector<json::Field> steps_of(const json::Field& root, std::string_view key,
                                                std::string_view list_key);

}  // namespace zt::text
