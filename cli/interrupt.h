// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Ctrl-C: the first asks a command to end, one that comes more than a second later kills as usual.
#pragma once

namespace zt::cli {

// A reader that goes away is an error of write from then on.
void catch_signals();
// Whether SIGINT or SIGTERM came since.
[[nodiscard]] bool interrupted();

}  // namespace zt::cli
