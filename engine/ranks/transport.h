// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How tensors of a GPU travel from rank to rank: through the host's memory, or from GPU to GPU. Torch-free.
#pragma once

#include <string>

namespace zt::ranks {

enum class Transport { kGloo, kNccl };

// device: of a model, "cpu" or "cuda:1". Throws zt::Error(UNSUPPORTED) where it is no GPU, and where this engine or its
// LibTorch has no NCCL.
void require_nccl(const std::string& device);

}  // namespace zt::ranks
