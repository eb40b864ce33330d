// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The styles that everything is painted in.
#pragma once

namespace zt::world {

enum Style { kPaper, kNeon, kSketch, kStyles };

}  // namespace zt::world
