// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Round things in a picture: wheels, balls, planets, clocks, cups seen from above. Torch-free.
#pragma once

#include <vector>

#include "families/tableau/sight.h"
#include "families/tableau/warp.h"

namespace zt::tableau {

// The clearest ones first, none over another, at most four; takes 0.1 to 0.5 seconds. A rim is an edge that keeps to a
// circle, or to a circle seen from 40 or 55 degrees above, and goes from one colour to the same other all round: a
// Hough transform by the gradient's direction (Kimme et al. 1975), then a look round each rim.
[[nodiscard]] std::vector<Disc> find_discs(const Texture& picture);

// Two discs alike, side by side in the upper part of somebody: his eyes, nearly always. Two or none.
[[nodiscard]] std::vector<Disc> find_eyes(const Texture& picture, const Map& subject);

// The largest circle within where somebody is; its `rim` is the share of him that it holds. aspect: of the picture.
[[nodiscard]] Disc disc_within(const Map& subject, float aspect);

// Where discs are, as a map of a sight's size.
[[nodiscard]] Map map_of(const std::vector<Disc>& discs, const Map& like, float aspect);

}  // namespace zt::tableau
