// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Flames, found by their colours. Torch-free.
#pragma once

#include "families/tableau/sight.h"
#include "families/tableau/warp.h"

namespace zt::tableau {

// Where the picture burns: places that are bright and from red to yellow, with what is of such a colour around them. A
// map of the size of `like`; without cells where nothing does, or so much that it is no fire but a sunset.
[[nodiscard]] Map find_fire(const Texture& picture, const Map& like);

}  // namespace zt::tableau
