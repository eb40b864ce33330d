// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A worker's hold on the tensor library; see worker_scope.h.
#include "device/worker_scope.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include "device/threads.h"

namespace zt::device {

struct WorkerScope::State {
    c10::InferenceMode inference;
};

WorkerScope::WorkerScope(int wish) : state_(std::make_unique<State>()) {
    // OpenMP keeps the count per thread, so sessions of different models do not disturb each other.
    at::set_num_threads(threads_for(wish));
}

WorkerScope::~WorkerScope() = default;

}  // namespace zt::device
