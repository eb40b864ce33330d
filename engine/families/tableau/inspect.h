// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What `zoetrope inspect` says about a tableau model. Torch-free.
#pragma once

#include <string>

#include "families/inspector.h"

namespace zt::tableau {

// Ours: a folder with words.json and manifest.json. Never throws zt::Error.
[[nodiscard]] families::Detection detect(const std::string& path);
[[nodiscard]] families::Inspector inspector();

}  // namespace zt::tableau
