// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The thread count of the tensor library; see threads.h.
#include "device/threads.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <thread>

#include <ATen/Parallel.h>

#include "core/error.h"

namespace zt::device {

namespace {
constinit std::mutex threads_mutex;
constinit int threads_set = 0;   // guarded by threads_mutex; 0 = not yet
}  // namespace

void set_threads(int count) {
    const std::lock_guard lock(threads_mutex);
    if (threads_set != 0) {
        if (count == 0 || count == threads_set) return;
        throw Error(ZT_ERROR_ARGUMENT, "cpu_threads: expected " + std::to_string(threads_set) +
                                           " (already set in this process), got " + std::to_string(count));
    }
    // hardware_concurrency counts the cores this process may run on.
    const int wanted = count != 0 ? count : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    at::set_num_threads(wanted);
    threads_set = wanted;
}

}  // namespace zt::device
