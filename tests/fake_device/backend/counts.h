// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How the operators tell what they copy.
#pragma once

#include <cstdint>

namespace zt::fake_device {

void count_to_device(int64_t bytes, bool waited, const char* name);
void count_to_host(int64_t bytes, bool waited, const char* name);

}  // namespace zt::fake_device
