// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shape of a trained picture network, which shows in its tensors.
#pragma once

#include "checkpoint.h"
#include "trained_families.h"

namespace zt::training {

// The heads do not show: they are as many as given.
[[nodiscard]] animator::NetworkConfig network_config_of(const Tensors& tensors, int64_t heads);
// The network of a checkpoint in fp32, ready to look; throws where the file is missing or of another kind.
[[nodiscard]] animator::Network trained_network(const std::string& path, int64_t heads);

}  // namespace zt::training
