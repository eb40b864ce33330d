// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names of CogVideoX's tensors: diffusers', which all files in circulation have but the original pickles. In memory q,
// k and v of a block are one matrix. Torch-free.
#pragma once

#include <string>
#include <vector>

#include "autoencoders/batched_names.h"
#include "families/cogvideox/config.h"
#include "load/part_names.h"

namespace zt::cogvideox {

using autoencoders::batched::vae_names;

[[nodiscard]] const load::TableNames& transformer_names();
// All that such a transformer has, under our names.
[[nodiscard]] std::vector<std::string> transformer_tensors(const TransformerConfig& config);

}  // namespace zt::cogvideox
