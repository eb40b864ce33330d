// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope inspect`: what a model on disk is, what it lacks, and the memory a clip of it needs.
#pragma once

#include <span>

namespace zt::cli {

// Arguments after "inspect". Prints to standard output; returns the exit status. Throws zt::Error.
int inspect(std::span<char*> arguments);

}  // namespace zt::cli
