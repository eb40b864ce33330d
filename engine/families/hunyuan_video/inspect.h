// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What `zoetrope inspect` says about a model of this family. Torch-free.
#pragma once

#include <string>

#include "families/hunyuan_video/memory_plan.h"

namespace zt::hunyuan_video {

// Family, kind, parts found and missing, types, sizes, parameters, and the memory plan of `request`,
// as lines of text; with the adapters of `lora` (as the option of that name has them, "" for none). Throws
// what find_parts and LoraSet::open throw.
[[nodiscard]] std::string inspect(const std::string& path, const EngineOptions& options, const PlanRequest& request,
                                  const std::string& lora = "");

}  // namespace zt::hunyuan_video
