// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The sky that clouds can pass over, behind everything else. Torch-free.
#pragma once

#include "families/tableau/sight.h"
#include "families/tableau/warp.h"

namespace zt::tableau {

// 1 where `sky`, a soft guess, is sky: what hangs together and is no speck; below something that stands only what has
// the colours of the sky above, as it shows under the crown of a tree and as sand does not. 0 elsewhere.
[[nodiscard]] Map open_sky(const Texture& picture, const Map& sky);

}  // namespace zt::tableau
