// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which kinds of devices tensors can be computed on. Torch-free.
#pragma once

#include <string>

namespace zt::device {

// Whether there may be devices of this kind, by LibTorch's name for it: "cuda", whose half of LibTorch is mapped when
// it is asked for, and every backend that was registered with LibTorch in this process. Thread-safe.
[[nodiscard]] bool has_backend(const std::string& kind);

}  // namespace zt::device
