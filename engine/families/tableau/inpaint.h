// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What somebody hid is made up from the rest of the picture: patches that fit. Torch-free.
#pragma once

#include <cstdint>
#include <vector>

#include "families/tableau/warp.h"

namespace zt::tableau {

// Fills what `keep` [height, width] does not hold (0; 255: kept) with the picture's own texture. On a small copy,
// coarse to fine, every place of the hole looks for the kept patch that is most like what it holds so far (PatchMatch,
// Barnes et al. 2009) and becomes the mean of what the patches over it say (Wexler et al. 2007). At full size the
// patches' pixels are copied and their brightness and colour are those of the small copy. Where little or nothing is
// kept the fill is smooth. Always the same for the same picture.
void inpaint(Texture& picture, const std::vector<uint8_t>& keep);

// The same without texture: the means of what is kept, at half the size again and again, are pushed back down (push and
// pull, Gortler et al. 1996). For holes too small to show any.
void fill_in(Texture& picture, const std::vector<uint8_t>& keep);

}  // namespace zt::tableau
