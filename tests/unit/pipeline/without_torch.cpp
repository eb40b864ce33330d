// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Stands in for device/worker_scope.cpp, so that the pipeline's tests run without LibTorch, under
// every sanitizer.
#include "device/worker_scope.h"

namespace zt::device {

struct WorkerScope::State {};

WorkerScope::WorkerScope() = default;
WorkerScope::~WorkerScope() = default;

}  // namespace zt::device
