// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whether a path holds a HunyuanVideo model, and if not, what it holds instead. Torch-free.
#pragma once

#include <string>

#include "families/family.h"

namespace zt::hunyuan_video {

// Ours: `path` holds a HunyuanVideo transformer or pipeline, of any version; find_parts tells whether it is one that
// can be used. Otherwise what it holds instead, or what is wrong with the file that would tell. Never throws zt::Error.
[[nodiscard]] families::Detection detect(const std::string& path);

// Throws UNSUPPORTED for a pipeline's class that is not one of this model's, naming it.
void check_pipeline(const std::string& class_name);

}  // namespace zt::hunyuan_video
