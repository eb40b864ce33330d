// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How files of Wan spell the transformer's tensors: the original repositories (ComfyUI and GGUF too) and diffusers. In
// memory q, k, v of the self attention are one matrix, and so are k and v of the cross attention. Torch-free.
#pragma once

#include <string>
#include <vector>

#include "autoencoders/causal_names.h"
#include "families/wan/config.h"
#include "load/part_names.h"

namespace zt::wan {

using autoencoders::vae_names;

[[nodiscard]] const load::TableNames& transformer_names();
// All that such a transformer has, under our names.
[[nodiscard]] std::vector<std::string> transformer_tensors(const TransformerConfig& config);

}  // namespace zt::wan
