// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope generate`: a prompt or a storyboard becomes a y4m file or stream.
#pragma once

#include <span>

namespace zt::cli {

// Arguments after "generate". Returns the exit status, 130 when interrupted. Throws zt::Error.
int generate(std::span<char*> arguments);

}  // namespace zt::cli
