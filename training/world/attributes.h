// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The three styles; every layer is painted in each.
#pragma once

namespace zt::world {

enum Style { kPaper, kNeon, kSketch, kStyles };

}  // namespace zt::world
