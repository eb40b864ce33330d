// SPDX-License-Identifier: LGPL-2.1-or-later
//
// For read_scheduler(): what a scheduler of levels by abar (sample/schedule.h, "trailing") is asked for. Torch-free.
#pragma once

#include "core/json.h"

namespace zt::load {

// The levels that are computed here: betas even in their roots, times that trail, no signal at the end, velocities.
// What a class would fill in where its file is silent is another kind of model's, so the deciding keys must be there.
// Throws WEIGHTS, UNSUPPORTED naming file and key.
void check_trailing_abar(const json::Field& root);

}  // namespace zt::load
