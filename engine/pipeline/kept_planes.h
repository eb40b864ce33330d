// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How the clip cache keeps the planes of a format.
#pragma once

#include "cache/frame_coder.h"
#include "pipeline/frame.h"

namespace zt::pipeline {

// alpha: as in plane_layout.
[[nodiscard]] cache::Planes kept_planes(zt_pixel_format format, int width, int height, bool alpha);
// The same planes of a frame; borrows its pixels.
[[nodiscard]] cache::FrameData kept_data(const zt_frame& frame);

}  // namespace zt::pipeline
