// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Loops of our own on the threads of the tensor library, so that a process has one pool of them.
#pragma once

#include <c10/util/FunctionRef.h>

#include <cstdint>

namespace zt::device {

// Calls f(begin, end) for parts that make up [0, n), on as many threads as the caller computes with
// (device/worker_scope.h). f works on plain memory: no tensor operations, no exceptions.
void parallel(int64_t n, c10::function_ref<void(int64_t, int64_t)> f);

}  // namespace zt::device
