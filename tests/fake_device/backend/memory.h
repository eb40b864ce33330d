// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Memory of the device `fake`: a file in memory, mapped twice. Tensors hold addresses of the first mapping, which no
// thread may read or write, so a kernel of the CPU that is given such a tensor ends the process at once; the device's
// own operators use the second. And page-locked memory of the host, which only has to be known again by its address.
#pragma once

#include <c10/core/Allocator.h>

#include <cstddef>

namespace zt::fake_device {

// Memory of the device, of undefined content: all bits set, which is NaN in every float type. Thread-safe.
[[nodiscard]] void* allocate(size_t bytes);
void release(void* memory) noexcept;
// Whether an address that the device's own operators use belongs to the device.
[[nodiscard]] bool is_ours(const void* host_address);
// The same byte as the device's own operators see it. Throws c10::Error for an address that is not of the device.
[[nodiscard]] void* seen_by_device(const void* address);

// What at::empty(..., pinned_memory(true)) asks for. Thread-safe.
[[nodiscard]] c10::Allocator* pinned_allocator();
[[nodiscard]] bool is_pinned(const void* address);

// Says on stderr whose memory it was when the process ends because of it, and where.
void explain_faults();

}  // namespace zt::fake_device
