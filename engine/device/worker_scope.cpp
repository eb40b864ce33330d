// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A worker's hold on the tensor library; see worker_scope.h.
#include "device/worker_scope.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <mutex>

#include "core/error.h"
#include "device/parallel.h"
#include "device/threads.h"

namespace zt::device {

struct WorkerScope::State {
    c10::InferenceMode inference;
};

void compute_alone() {
    // A thread gets the process's last count at the first question for it, even after it was given
    // one of its own; so the question comes first.
    (void)at::get_num_threads();
    at::set_num_threads(1);
}

namespace {

// One pool of workers starts at a time: what one of them has found to be free is not taken by another.
constinit std::mutex starting;

// A loop with a part for each thread starts the pool that belongs to this thread. Later loops find it there.
void start_pool(int count) {
    parallel(count, [](int64_t, int64_t) {});
}

}  // namespace

bool try_start_pool() {
    const int count = at::get_num_threads();
    if (count == 1) return true;
    const std::lock_guard lock(starting);
    try {
        require_threads(count);
    } catch (const Error&) {
        return false;
    }
    start_pool(count);
    return true;
}

WorkerScope::WorkerScope(int wish) : state_(std::make_unique<State>()) {
    // OpenMP keeps the count per thread, so sessions of different models do not disturb each other.
    // The first count that a process sets also sizes a second pool of the tensor library, for kernels
    // of telephones. Where a thread of that pool cannot be started, its maker waits for ever. The
    // first count is 1, so it never has threads.
    compute_alone();
    const int count = threads_for(wish);
    if (count == 1) return;
    const std::lock_guard lock(starting);
    // OpenMP ends the process when it cannot start a thread, so it is asked for none the system does
    // not have. What another program takes between the look and the start is still lost.
    require_threads(count);
    at::set_num_threads(count);
    start_pool(count);
}

WorkerScope::~WorkerScope() = default;

}  // namespace zt::device
