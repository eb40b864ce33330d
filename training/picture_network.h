// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Loading tableau's picture network (families/tableau/network.h) from a checkpoint of the trainer.
#pragma once

#include "checkpoint.h"
#include "trained_families.h"

namespace zt::training {

// From the shapes of the tensors; the number of attention heads cannot be read from them.
[[nodiscard]] animator::NetworkConfig network_config_of(const Tensors& tensors, int64_t heads);
// In fp32, ready for inference. Throws where the file is missing or of another kind.
[[nodiscard]] animator::Network trained_network(const std::string& path, int64_t heads);

}  // namespace zt::training
