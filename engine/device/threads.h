// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The thread count of the tensor library: one value in a process, set before its first run.
#pragma once

namespace zt::device {

// 0 = one per core, or whatever the process already has. A second, different value is refused
// (ZT_ERROR_ARGUMENT): changing it under running sessions would change their bytes. Thread-safe.
void set_threads(int count);

}  // namespace zt::device
