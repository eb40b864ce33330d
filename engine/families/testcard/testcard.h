// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The family without weights: a moving test card, to prove the plumbing. Integer arithmetic only,
// so its pixels are the same on every machine.
#pragma once

#include "families/family.h"

namespace zt::families {

[[nodiscard]] const Family& testcard_family();

}  // namespace zt::families
