// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A worker's hold on the tensor library; see worker_scope.h.
#include "device/worker_scope.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

namespace zt::device {

struct WorkerScope::State {
    c10::InferenceMode inference;
};

WorkerScope::WorkerScope() : state_(std::make_unique<State>()) {
    // OpenMP keeps the count per thread; a new thread has the machine's default until told.
    at::init_num_threads();
}

WorkerScope::~WorkerScope() = default;

}  // namespace zt::device
