// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The subjects: paper puppets of about 80 pixels, drawn around the origin, facing right.
#pragma once

#include <vector>

#include "world/attributes.h"
#include "world/paint.h"

namespace zt::world {

inline constexpr int kSubjects = 20;  // sprite_names() of layers.h has their names

// The shapes of one subject, in inks of its colour. `cycle` 0..1 is the phase of its walk, flap or drive.
[[nodiscard]] std::vector<Shape> subject_shapes(int subject, float cycle, bool moving, bool asleep);

}  // namespace zt::world
