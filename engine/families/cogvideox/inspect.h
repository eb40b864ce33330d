// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What `zoetrope inspect` says about a model of this family. Torch-free.
#pragma once

#include "families/inspector.h"

namespace zt::cogvideox {

[[nodiscard]] families::Inspector inspector();

}  // namespace zt::cogvideox
