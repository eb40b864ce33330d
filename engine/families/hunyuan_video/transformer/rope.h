// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Rotary positions of the video tokens: three axes (time, row, column) share the channels of a head.
// A table is made once per grid and holds one value per pair of channels; text tokens have none.
#pragma once

#include <ATen/ATen.h>

#include "families/hunyuan_video/config.h"

namespace zt::hunyuan_video {

// Immutable; thread-safe to share.
struct Rope {
    at::Tensor cos, sin;  // [tokens, head_dim / 2] fp32, tokens in the order time, row, column
};

// For a grid of frames x rows x columns tokens. Frequency k of an axis with d channels is
// theta^(-2k/d); positions are grid indices from 0.
[[nodiscard]] Rope make_rope(const TransformerConfig& config, int64_t frames, int64_t rows, int64_t columns,
                             at::Device device);

}  // namespace zt::hunyuan_video
