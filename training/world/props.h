// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Props: objects of a scene. The origin is at the foot of what stands, and at the middle of what hangs or floats.
// Light sources (sun, moon, stars, windows) and the "zzz" of sleepers are painted in the tint.
#pragma once

#include <string>
#include <vector>

#include "world/paint.h"

namespace zt::world {

[[nodiscard]] const std::vector<std::string>& prop_names();
[[nodiscard]] std::vector<Shape> prop_shapes(int prop);
// In the paper style it has a white edge around the whole, as subjects have.
[[nodiscard]] bool prop_has_paper_edge(int prop);

}  // namespace zt::world
