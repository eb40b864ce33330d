// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Rain and snowfall: one fixed tile that falls 48 pixels in 8 frames, locked to the frame number,
// so that a small network can know every drop.
#pragma once

#include <cstdint>

#include "world/attributes.h"

namespace zt::world {

// Lays the weather of one frame over a picture, u8 [height, width, 3].
void add_weather(int weather, int frame, uint8_t* picture);

}  // namespace zt::world
