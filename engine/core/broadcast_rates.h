// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The frame rates of cinema and television, for families whose motion keeps its speed at any rate.
#pragma once

#include "include/zoetrope/zoetrope.h"

namespace zt::families {

// The first is what such families are made at.
inline constexpr zt_rational kBroadcastRates[] = {{24, 1}, {24000, 1001}, {25, 1},       {30000, 1001}, {30, 1},
                                                  {48, 1}, {50, 1},       {60000, 1001}, {60, 1}};

}  // namespace zt::families
