// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What `zoetrope inspect` says about the test card. Torch-free.
#pragma once

#include "families/inspector.h"

namespace zt::testcard {

[[nodiscard]] families::Inspector inspector();

}  // namespace zt::testcard
