// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The thread count of the tensor library: one value in a process, set before its first run.
#pragma once

namespace zt::device {

// What the host asked for; 0 = leave it to the model. A second, different value is refused
// (ZT_ERROR_ARGUMENT): changing it under running sessions would change their bytes. Thread-safe.
void set_threads(int count);

// How many threads a worker should compute with: the host's count, else the model's own wish,
// else (0) one per core.
[[nodiscard]] int threads_for(int wish);

// Throws ZT_ERROR_MEMORY unless `count` threads, the calling one among them, can be there at once:
// starts the others, which wait for each other and end. Returns when the system has their places back.
void require_threads(int count);

}  // namespace zt::device
