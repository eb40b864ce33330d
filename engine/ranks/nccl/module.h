// SPDX-License-Identifier: LGPL-2.1-or-later
//
// NCCL is in a module of its own, libzoetrope-nccl.so beside the engine, which alone is linked with the CUDA half of
// LibTorch. It is mapped where NCCL is asked for and nowhere else.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>

#include <chrono>

#include "ranks/swap.h"

namespace zt::ranks {

// The module's only symbol, zt_nccl_connect: a communicator of all ranks for tensors on cuda:DEVICE. All ranks call it
// at the same place; it calls `swap` twice, and not after it has returned. timeout: of the backend's abort(). Throws
// std::invalid_argument, whose text is a whole sentence, for ranks that share a GPU and for a variable of c10d's that
// is not as `zoetrope launch` sets it; what swap throws; c10::Error for all else.
using NcclConnect = void(c10::intrusive_ptr<c10d::Backend>* made, const Swap& swap, int rank, int size, int device,
                         std::chrono::milliseconds timeout);

// Maps the module. Thread-safe. Throws zt::Error(UNSUPPORTED) where there is none.
[[nodiscard]] NcclConnect& nccl_module();

}  // namespace zt::ranks
