// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a worker thread needs from the tensor library while it lives; hides LibTorch from pipeline/.
#pragma once

#include <memory>

namespace zt::device {

// The calling thread, one of our own, computes without helpers from now on. Starts no thread.
void compute_alone();

// Starts the threads that the tensor library computes with on the calling thread, if the system gives
// them; else starts none and gives false: then the calling thread must not compute, unless alone.
[[nodiscard]] bool try_start_pool();

// Opens inference mode and sets the number of threads to compute with (threads_for(wish)) on the
// thread that makes it, until it is destroyed on the same thread. The other threads are started here
// and wait for work from then on. Throws ZT_ERROR_MEMORY when the system does not give that many
// (limits of the user, the container or the address space).
class WorkerScope {
public:
    explicit WorkerScope(int wish);
    ~WorkerScope();
    WorkerScope(const WorkerScope&) = delete;
    WorkerScope& operator=(const WorkerScope&) = delete;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace zt::device
