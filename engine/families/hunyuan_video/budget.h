// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a generation will need, decided before it starts: which blocks stay in memory and whether parts
// may stay from phase to phase. memory_plan.h has the figures; this weighs them against the budget.
#pragma once

#include <cstdint>

#include "load/memory.h"

namespace zt::hunyuan_video {

struct OpenedModel;

// For one clip that so many ranks make. Throws ZT_ERROR_MEMORY, naming the phase and both figures, when not even one
// streamed block fits.
[[nodiscard]] load::Budget plan_budget(const OpenedModel& model, int64_t width, int64_t height, int64_t frames,
                                       int64_t steps, int ranks = 1);

}  // namespace zt::hunyuan_video
