// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The backdrops: eight scenes at three times of day, in three styles and two layouts.
#pragma once

#include "world/attributes.h"
#include "world/paint.h"

namespace zt::world {

// The backdrop at one of 8 phases (only sea, seaweed and stars move). 256x144, a ring in x.
[[nodiscard]] Picture backdrop(int scene, int time, int layout, int style, int phase);

// Scenes whose backdrop depends on the phase.
[[nodiscard]] inline bool animated(int scene) { return scene == kBeach || scene == kUnderwater; }

}  // namespace zt::world
