// SPDX-License-Identifier: LGPL-2.1-or-later
//
// CogVideoX and CogVideoX1.5; see README.md.
#pragma once

#include "families/family.h"

namespace zt::families {
const Family& cogvideox_family();
}  // namespace zt::families
