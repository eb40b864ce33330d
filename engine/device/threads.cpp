// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The thread count of the tensor library; see threads.h.
#include "device/threads.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <thread>

#include "core/error.h"

namespace zt::device {

namespace {
constinit std::mutex threads_mutex;
constinit int threads_set = 0;   // guarded by threads_mutex; 0 = not asked for
}  // namespace

void set_threads(int count) {
    if (count == 0) return;
    const std::lock_guard lock(threads_mutex);
    if (threads_set != 0 && count != threads_set) {
        throw Error(ZT_ERROR_ARGUMENT, "cpu_threads: expected " + std::to_string(threads_set) +
                                           " (already set in this process), got " + std::to_string(count));
    }
    threads_set = count;
}

int threads_for(int wish) {
    const std::lock_guard lock(threads_mutex);
    if (threads_set != 0) return threads_set;
    // hardware_concurrency counts the cores this process may run on.
    return wish != 0 ? wish : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace zt::device
