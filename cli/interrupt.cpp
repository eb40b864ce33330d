// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See interrupt.h.
#include "interrupt.h"

#include <signal.h>

namespace zt::cli {
namespace {

volatile sig_atomic_t caught = 0;

}  // namespace

void catch_signals() {
    struct sigaction action {};
    action.sa_handler = [](int) { caught = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    signal(SIGPIPE, SIG_IGN);
}

bool interrupted() { return caught != 0; }

}  // namespace zt::cli
