// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See interrupt.h.
#include "interrupt.h"

#include <signal.h>
#include <time.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace zt::cli {
namespace {

// One signal may come twice at once: `timeout` and a service manager send it to every process of a group, and one of
// those, `zoetrope launch`, hands it on.
constexpr int64_t kSameMs = 1000;

std::atomic<int64_t> caught_at{0};  // milliseconds of CLOCK_MONOTONIC, plus one; 0: not yet
static_assert(std::atomic<int64_t>::is_always_lock_free);

// Calls nothing that a handler must not (signal-safety(7)).
void handle(int number) {
    const int before = errno;
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t now_ms = int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000 + 1;
    int64_t first = 0;
    if (!caught_at.compare_exchange_strong(first, now_ms) && now_ms - first > kSameMs) {
        signal(number, SIG_DFL);
        raise(number);  // ends the program when we return
    }
    errno = before;
}

}  // namespace

void catch_signals() {
    struct sigaction action {};
    action.sa_handler = handle;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    signal(SIGPIPE, SIG_IGN);
}

bool interrupted() { return caught_at != 0; }

}  // namespace zt::cli
