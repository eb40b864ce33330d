// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a worker thread needs from the tensor library while it lives; hides LibTorch from pipeline/.
#pragma once

#include <memory>

namespace zt::device {

// Opens inference mode and sets the number of threads to compute with (threads_for(wish)) on the
// thread that makes it, until it is destroyed on the same thread.
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
