// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names of the autoencoders' tensors in diffusers' and in the original files. Torch-free.
#pragma once

#include <string>
#include <vector>

#include "autoencoders/causal_config.h"
#include "load/part_names.h"

namespace zt::autoencoders {

[[nodiscard]] const load::TableNames& vae_names();
// All that such an autoencoder has, both halves, under our names.
[[nodiscard]] std::vector<std::string> vae_tensors(const VaeConfig& config);

}  // namespace zt::autoencoders
