// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Cancel token: set from any thread, polled by the worker. Where it is polled (search for
// "cancel.poll()"): once per transformer block, per VAE stage or tile, per denoise step, per 64 MiB read.
#pragma once

#include <atomic>

#include "core/error.h"

namespace zt {

// Thread-safe.
class Cancel {
public:
    void request() noexcept { requested_.store(true, std::memory_order_relaxed); }
    [[nodiscard]] bool requested() const noexcept { return requested_.load(std::memory_order_relaxed); }
    // Throws ZT_ERROR_CANCELLED once a stop was asked for.
    void poll() const {
        if (requested()) throw Error(ZT_ERROR_CANCELLED, "session: cancelled");
    }

private:
    std::atomic<bool> requested_{false};
};

}  // namespace zt
