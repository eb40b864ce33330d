// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Threads of our own. Torch-free.
#pragma once

#include <csignal>
#include <future>
#include <thread>
#include <type_traits>
#include <utility>

namespace zt::device {

// Starts a thread with all signals blocked, so that the host's handlers run on the host's threads;
// threads that the tensor library starts from it inherit this. Throws std::system_error when the
// system gives no thread.
template <typename Body>
[[nodiscard]] std::jthread start_thread(Body body) {
    class BlockSignals {
    public:
        BlockSignals() {
            sigset_t all;
            sigfillset(&all);
            pthread_sigmask(SIG_SETMASK, &all, &before_);
        }
        ~BlockSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

    private:
        sigset_t before_{};
    };
    const BlockSignals block;
    return std::jthread(std::move(body));
}

// Runs `work` on a new thread while the caller waits; gives what it returns and throws what it throws.
template <typename Work>
auto on_new_thread(const Work& work) {
    std::packaged_task<std::invoke_result_t<const Work&>()> task([&] { return work(); });
    auto result = task.get_future();
    start_thread([&] { task(); }).join();
    return result.get();
}

}  // namespace zt::device
