// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope launch`: several ranks that make a program's clips together.
#pragma once

#include <span>

namespace zt::cli {

// Arguments after "launch". Returns the program's exit status. Throws zt::Error.
int launch(std::span<char*> arguments);

// The life of a rank that is not the program: what launch starts as `zoetrope rank`. No arguments.
int serve_rank(std::span<char*> arguments);

}  // namespace zt::cli
