// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope shots`: a storyboard's shots as jobs for many machines.
#pragma once

#include <span>

namespace zt::cli {

// Arguments after "shots". Prints to standard output; returns the exit status. Throws zt::Error.
int shots(std::span<char*> arguments);

}  // namespace zt::cli
