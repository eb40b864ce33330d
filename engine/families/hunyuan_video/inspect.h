// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What `zoetrope inspect` says about a model of this family. Torch-free.
#pragma once

#include <string>

#include "families/hunyuan_video/memory_plan.h"

namespace zt::hunyuan_video {

// Family, kind, parts found and missing, types, sizes, parameters, and the memory plan of `request`,
// as lines of text. Throws what find_parts throws.
[[nodiscard]] std::string inspect(const std::string& path, const EngineOptions& options, const PlanRequest& request);

}  // namespace zt::hunyuan_video
