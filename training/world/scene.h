// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The backdrops: four scenes by day and by night, each in two layouts.
#pragma once

#include "world/attributes.h"
#include "world/paint.h"

namespace zt::world {

// The backdrop at one of 8 phases (only the sea moves). 256x144.
[[nodiscard]] Picture backdrop(int scene, int time, int layout, int phase);

}  // namespace zt::world
