// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What `zoetrope inspect` says about a model of this family: kind, parts found and missing, types, sizes, parameters,
// adapters, and the memory of a clip. Torch-free.
#pragma once

#include "families/inspector.h"

namespace zt::hunyuan_video {

[[nodiscard]] families::Inspector inspector();

}  // namespace zt::hunyuan_video
