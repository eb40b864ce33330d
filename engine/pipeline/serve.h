// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The life of a rank that is not the host's: comes to rank 0, opens what it opens, takes part in its clips. Torch-free.
#pragma once

#include "core/log.h"

namespace zt::pipeline {

// Returns when rank 0's program has ended: true where another may come, which a fresh process should serve. Throws
// zt::Error: what rank 0 or another rank met.
[[nodiscard]] bool serve(const Log& log);

}  // namespace zt::pipeline
