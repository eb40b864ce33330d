// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Drawings of the subjects, about 80 units wide, centred on the origin and facing right.
#pragma once

#include <vector>

#include "world/attributes.h"
#include "world/paint.h"

namespace zt::world {

inline constexpr int kSubjects = 20;  // sprite_names() of layers.h has their names

// The shapes of one subject. cycle: phase 0..1 of its animation (steps, wings, wheels).
[[nodiscard]] std::vector<Shape> subject_shapes(int subject, float cycle, bool moving, bool asleep);

}  // namespace zt::world
