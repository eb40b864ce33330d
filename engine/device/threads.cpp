// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The thread count of the tensor library; see threads.h.
#include "device/threads.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <latch>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/error.h"
#include "device/start_thread.h"

namespace zt::device {

namespace {
constinit std::mutex threads_mutex;
constinit int threads_set = 0;  // guarded by threads_mutex; 0 = not asked for
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

namespace {

// A thread that was joined holds its place under the user's limit a little longer.
void wait_until_gone(pid_t thread) {
    constexpr int kMostWaits = 1000;  // of a millisecond; after that its place may be missing
    for (int i = 0; i < kMostWaits && (::tgkill(::getpid(), thread, 0) == 0 || errno != ESRCH); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// Lets threads that wait for a latch go, also when an exception passes.
class Release {
public:
    explicit Release(std::latch& latch) : latch_(&latch) {}
    ~Release() { now(); }
    Release(const Release&) = delete;
    Release& operator=(const Release&) = delete;
    void now() {
        if (latch_ != nullptr) latch_->count_down();
        latch_ = nullptr;
    }

private:
    std::latch* latch_;
};

}  // namespace

void require_threads(int count) {
    const auto others = static_cast<size_t>(std::max(0, count - 1));
    std::latch end(1);
    std::vector<pid_t> ids(others, 0);  // each thread writes its own
    std::vector<std::jthread> threads;
    threads.reserve(others);
    Release release(end);  // goes before the threads do, whose end waits for it
    std::string reason;
    while (threads.size() < others && reason.empty()) {
        pid_t& id = ids[threads.size()];
        try {
            threads.push_back(start_thread([&end, &id] {
                id = ::gettid();
                end.wait();
            }));
        } catch (const std::system_error& error) {
            reason = error.code().message();
        }
    }
    const size_t started = threads.size();
    release.now();
    for (std::jthread& thread : threads) thread.join();
    for (size_t i = 0; i < started; ++i) wait_until_gone(ids[i]);
    if (reason.empty()) return;
    throw Error(ZT_ERROR_MEMORY, "cpu_threads: expected to start " + std::to_string(count) + " threads, got " +
                                     std::to_string(started + 1) + " (" + reason +
                                     "); ask for fewer or raise the limit");
}

}  // namespace zt::device
