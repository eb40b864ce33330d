// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names of the tensors of the autoencoder of batched_vae.h: diffusers'. Torch-free.
#pragma once

#include <string>
#include <vector>

#include "autoencoders/batched_config.h"
#include "load/part_names.h"

namespace zt::autoencoders::batched {

[[nodiscard]] const load::TableNames& vae_names();
// All that such an autoencoder has, both halves, under our names.
[[nodiscard]] std::vector<std::string> vae_tensors(const VaeConfig& config);

}  // namespace zt::autoencoders::batched
