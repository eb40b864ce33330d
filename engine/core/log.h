// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Log messages go to the host's callback and nowhere else.
#pragma once

#include <functional>
#include <string>

#include "include/zoetrope/zoetrope.h"

namespace zt {

// Never empty: log(...) without a callback does nothing. Messages become one escaped line.
using Log = std::function<void(zt_log_level, const std::string&)>;

[[nodiscard]] Log make_log(zt_log_fn callback, void* opaque);

}  // namespace zt
