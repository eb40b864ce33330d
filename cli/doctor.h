// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope doctor`: what is installed, what this machine can run, which front ends see the engine,
// and for what is missing the command that brings it.
#pragma once

#include <span>

namespace zt::cli {

// Arguments after "doctor". Prints to standard output. Returns 0 if a clip can be made here, else 1.
int doctor(std::span<char*> arguments);

}  // namespace zt::cli
