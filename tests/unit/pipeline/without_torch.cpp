// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Stands in for device/devices.cpp, device/worker_scope.cpp, device/threads.cpp and ranks/team.cpp, so that the
// pipeline's tests run without LibTorch, and with tests/sanitize those of the C API too.
#include <mutex>
#include <string>
#include <utility>

#include "core/error.h"
#include "device/backends.h"
#include "device/threads.h"
#include "device/worker_scope.h"
#include "ranks/team.h"

namespace zt::device {

struct WorkerScope::State {};

void compute_alone() {}

bool try_start_pool() { return true; }

WorkerScope::WorkerScope(int) {}
WorkerScope::~WorkerScope() = default;

// The same promise as the real one: the first value stays.
void set_threads(int count) {
    if (count == 0) return;
    static constinit std::mutex mutex;
    static constinit int set = 0;
    const std::lock_guard lock(mutex);
    if (set == 0) set = count;
    if (count != set) {
        throw Error(ZT_ERROR_ARGUMENT, "cpu_threads: expected " + std::to_string(set) +
                                           " (already set in this process), got " + std::to_string(count));
    }
}

bool has_backend(const std::string& kind) { return kind == "cuda"; }

int threads_for(int wish) { return wish != 0 ? wish : 2; }

}  // namespace zt::device

// Without tensors nothing is there to be shared.
namespace zt::ranks {

class Group {};

void require_nccl(const std::string& device) {
    throw Error(ZT_ERROR_UNSUPPORTED, "--transport: expected LibTorch, got none for " + device);
}

Team::Team(int, int, std::string address, std::chrono::milliseconds timeout, const Swap&, Transport transport,
           Look look)
    : address_(std::move(address)), timeout_(timeout), transport_(transport), look_(std::move(look)) {
    throw Error(ZT_ERROR_UNSUPPORTED, "ranks: expected LibTorch, got none");
}
Team::~Team() = default;
uint64_t Team::bytes_sent() const noexcept { return 0; }
TeamScope::TeamScope(Team&, const Cancel&, AtEnd at_end) : at_end_(std::move(at_end)) {}
TeamScope::~TeamScope() = default;

}  // namespace zt::ranks
