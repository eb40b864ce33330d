// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Drawings on paper, stickers, products before white: where the ground is of one colour, who stands on it needs no
// guess. Torch-free.
#pragma once

#include <optional>

#include "families/tableau/sight.h"
#include "families/tableau/warp.h"

namespace zt::tableau {

// Who is drawn on a ground of one colour, 0..1, of `like`'s size; nothing where the picture's border is not of one
// colour or nearly all or nothing is ground. What the ground reaches from the border is ground; of the rest, pieces
// less than a tenth as large as the largest (bubbles, a signature) are not he.
[[nodiscard]] std::optional<Map> on_plain_ground(const Texture& picture, const Map& like);

}  // namespace zt::tableau
