// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope cache`: what the clip cache holds, and how to be rid of it.
#pragma once

#include <span>

namespace zt::cli {

// Arguments after "cache". Prints to standard output; returns the exit status. Throws zt::Error.
int cache(std::span<char*> arguments);

}  // namespace zt::cli
