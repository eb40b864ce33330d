// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Small things that fall or rise in a picture: snowflakes, petals, bubbles, sparks. Torch-free.
#pragma once

#include "families/tableau/sight.h"
#include "families/tableau/warp.h"

namespace zt::tableau {

// Where there are specks, 0 or 1: a map of its own size, without cells where there are too few of them to speak of. A
// speck is small, all of one piece, unlike its surroundings, and these are even; so grain, leaves and letters are none.
[[nodiscard]] Map find_specks(const Texture& picture);

}  // namespace zt::tableau
