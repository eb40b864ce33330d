// SPDX-License-Identifier: LGPL-2.1-or-later
//
// MiniMax-H3 ("Hailuo 3"): text, and a first and a last picture, to video with stereo sound. Its files, shapes and
// rules: README.md.
#pragma once

#include "families/family.h"

namespace zt::families {

[[nodiscard]] const Family& minimax_h3_family();

}  // namespace zt::families
