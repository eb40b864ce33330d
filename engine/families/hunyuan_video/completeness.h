// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Is a checkpoint of HunyuanVideo whole? The checks themselves are load/part_checks.h's. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "families/hunyuan_video/config.h"
#include "families/hunyuan_video/name_map.h"
#include "families/hunyuan_video/parts.h"
#include "weights/checkpoint.h"

namespace zt::hunyuan_video {

// Every tensor by its name, all pieces of fused ones; shapes are the loader's to check. `layers` of an encoder are
// those that are used. Throws WEIGHTS, naming the first that is missing and how many more there are.
void check_names(const weights::Checkpoint& file, const TransformerConfig& config);
void check_names(const weights::Checkpoint& file, Part part, int64_t layers);

// What the values of all parts tell; see load::warn_of_values. Throws IO.
[[nodiscard]] std::vector<std::string> value_warnings(const ModelParts& parts);

}  // namespace zt::hunyuan_video
