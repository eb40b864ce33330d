// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Props: what stands and hangs in a scene. Their feet, or the middle of what hangs, are at the origin.
// What shines (sun, moon, stars, windows, letters of sleep) is painted in the tint.
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
