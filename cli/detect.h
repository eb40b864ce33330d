// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope detect`: whether a video carries the invisible mark, and what its file says of itself.
#pragma once

#include <span>

namespace zt::cli {

// Arguments after "detect". Prints to standard output, errors to standard error. Returns 0: found, 1: not found,
// 2: it could not be looked for.
int detect(std::span<char*> arguments);

}  // namespace zt::cli
