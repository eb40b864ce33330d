// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Rotary positions of the video tokens; text tokens have none.
#pragma once

#include "families/hunyuan_video/config.h"
#include "nn/rope.h"

namespace zt::hunyuan_video {

using nn::Rope;

// For a grid of frames x rows x columns tokens, whose positions are grid indices from 0; angles in fp32.
[[nodiscard]] Rope make_rope(const TransformerConfig& config, int64_t frames, int64_t rows, int64_t columns,
                             at::Device device);

}  // namespace zt::hunyuan_video
