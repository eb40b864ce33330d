// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The option table (options.def) as data, and reading one option from text.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "include/zoetrope/zoetrope.h"

namespace zt::api {

inline constexpr int kMaxCpuThreads = 1024;

// '-' is read as '_'. Throws ZT_ERROR_ARGUMENT for an unknown name.
[[nodiscard]] const zt_option_info& find_option(std::string_view name);

// Checks the value and writes the field it belongs to; strings are borrowed. Either struct may be
// NULL, as long as no option of it is set. Throws zt::Error.
void set_option(zt_model_params* params, zt_request* request, const zt_option_info& option, const char* value);

// "key=value:key=value"; a backslash takes the next character as it is. Throws ZT_ERROR_ARGUMENT
// for what is not of this form, an empty key, or a key given twice.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_dict(const char* option, std::string_view text);

}  // namespace zt::api
