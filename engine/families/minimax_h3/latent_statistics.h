// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Mean and spread of each latent channel, which both autoencoders take off their latents: from config.json, or from the
// buffers that single files carry. Torch-free.
#pragma once

#include <cstdint>
#include <vector>

#include "core/json.h"

namespace zt::weights {
class Checkpoint;
}

namespace zt::minimax_h3 {

// "latents_mean" and "latents_std"; without the keys `mean` and `std` stay as they are, if they are of so many
// channels. Throws WEIGHTS naming the key: another count, numbers that are not finite, a spread that is not above 0.
void read_statistics(const json::Field& config, int64_t channels, std::vector<float>& mean, std::vector<float>& std);
// The tensors of these names. Throws WEIGHTS naming the tensor, IO.
void read_statistics(const weights::Checkpoint& file, int64_t channels, std::vector<float>& mean,
                     std::vector<float>& std);

}  // namespace zt::minimax_h3
