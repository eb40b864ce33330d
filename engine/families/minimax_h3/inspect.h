// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What `zoetrope inspect` tells of a MiniMax-H3 model: kind, parts, types, and the memory of a clip. Torch-free.
#pragma once

#include "families/inspector.h"

namespace zt::minimax_h3 {

[[nodiscard]] families::Inspector inspector();

}  // namespace zt::minimax_h3
