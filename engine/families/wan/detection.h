// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whether a path holds a Wan model, and if not, what it holds instead. Torch-free.
#pragma once

#include <string>

#include "families/family.h"

namespace zt::wan {

// Folders of both experts in the original repositories.
inline constexpr const char *kHighNoise = "high_noise_model", *kLowNoise = "low_noise_model";

// Ours: `path` holds a Wan transformer or pipeline, of any kind; find_parts tells whether it is one that can be used.
// Never throws zt::Error.
[[nodiscard]] families::Detection detect(const std::string& path);

}  // namespace zt::wan
