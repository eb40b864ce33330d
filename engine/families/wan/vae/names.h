// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names of the autoencoders' tensors in diffusers' and in the original files. Torch-free.
#pragma once

#include "load/part_names.h"

namespace zt::wan {

[[nodiscard]] const load::PartNames& vae_names();

}  // namespace zt::wan
