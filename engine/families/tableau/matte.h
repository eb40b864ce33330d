// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where somebody ends to the pixel. Torch-free.
#pragma once

#include <vector>

#include "families/tableau/sight.h"
#include "families/tableau/warp.h"

namespace zt::tableau {

// How far each pixel is somebody's, 0..1, [height, width], from a map of where he is that may miss his edge by 2 % of
// the longer side. Near the map's edge a linear function of the colours tells him from his ground, another one about
// every place (guided filter, He, Sun and Tang 2013; the functions are fitted on a small copy and used at full size).
// Where the colours do not tell, the matte is soft.
[[nodiscard]] std::vector<float> matte_of(const Texture& picture, const Map& subject);

}  // namespace zt::tableau
