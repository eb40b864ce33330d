// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The module; see module.h. It knows nothing of the engine, so that both sides of it can be of one build only by the
// types of LibTorch and of the standard library.
#define USE_CUDA
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ranks/nccl/id_store.h"
#include "ranks/nccl/module.h"

namespace zt::ranks {
namespace {

// c10d watches its communicators from two threads, which end the process once something fails (an exception that leaves
// the watchdog's thread) or takes long (the heartbeat monitor calls abort()). That must never happen to a host. With
// this variable, which is the only switch for it, c10d starts neither: errors are then found by who waits, as the
// engine does (Work::isCompleted looks for them), and Work::wait blocks, which it is not called for before the work is
// over. A host's environment is not ours to change while its threads run, so `zoetrope launch` sets it before the host
// starts (cli/launch.cpp), and without it nothing is begun.
void check_variable() {
    constexpr const char* kName = "TORCH_NCCL_BLOCKING_WAIT";
    const char* const value = std::getenv(kName);
    if (value == nullptr || std::string(value) != "1")
        throw std::invalid_argument(std::string(kName) +
                                    ": expected 1, as zoetrope launch --transport nccl sets it, got " +
                                    (value != nullptr ? value : "none"));
}

// NCCL itself hangs or fails with words of its own where two ranks have one GPU. UUIDs tell GPUs, and parts of one
// (MIG), from each other whatever a scheduler lets a rank see.
void check_gpus(const Swap& swap, int device) {
    const auto& uuid = at::cuda::getDeviceProperties(static_cast<c10::DeviceIndex>(device))->uuid;
    const std::vector<std::string> all = swap(std::string(uuid.bytes, sizeof(uuid.bytes)));
    for (size_t rank = 0; rank < all.size(); rank++)
        for (size_t other = 0; other < rank; other++)
            if (all[rank] == all[other])
                throw std::invalid_argument("--transport: expected ranks on GPUs of their own for nccl, got ranks " +
                                            std::to_string(other) + " and " + std::to_string(rank) + " on the same");
}

}  // namespace

extern "C" __attribute__((visibility("default"))) NcclConnect zt_nccl_connect;

void zt_nccl_connect(c10::intrusive_ptr<c10d::Backend>* made, const Swap& swap, int rank, int size, int device,
                     std::chrono::milliseconds timeout) {
    check_variable();
    check_gpus(swap, device);
    const auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    const auto store = c10::make_intrusive<IdStore>(swap, rank);
    const auto group = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
    try {
        // At once, not at the first exchange: swaps are over when this returns.
        group->eagerConnectSingleDevice({at::kCUDA, static_cast<c10::DeviceIndex>(device)});
    } catch (const std::exception&) {
        store->close();
        group->abort();
        if (store->failure() != nullptr) std::rethrow_exception(store->failure());
        throw;
    }
    store->close();
    *made = group;
}

}  // namespace zt::ranks
