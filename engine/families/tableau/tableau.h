// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The built-in model for pictures: whatever is in one starts to move, made of the picture's own pixels.
#pragma once

#include "families/family.h"

namespace zt::families {

[[nodiscard]] const Family& tableau_family();

}  // namespace zt::families
