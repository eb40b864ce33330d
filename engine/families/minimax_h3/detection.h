// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whether a path holds MiniMax-H3: by class names of JSON files, and by tensor names. Reads no tensors. Torch-free.
#pragma once

#include <string>

#include "families/family.h"

namespace zt::minimax_h3 {

[[nodiscard]] families::Detection detect(const std::string& path);

}  // namespace zt::minimax_h3
