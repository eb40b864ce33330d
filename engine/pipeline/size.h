// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The frame size of a request: the one asked for, else the model's own, or that of the first picture where the model
// follows it.
#pragma once

#include <cstdint>
#include <string>

#include "core/log.h"
#include "families/family.h"
#include "include/zoetrope/zoetrope.h"

namespace zt::pipeline {

struct Size {
    int width = 0, height = 0;
};

// "256x144"
[[nodiscard]] std::string size_text(int64_t width, int64_t height);

// Throws zt::Error where the size is not one of the model's, or the format needs even sides. A model that takes
// its size from the picture (Limits::size_of_picture) gets that of the picture the clip begins with, stood
// upright: shrunk or enlarged in its shape to what the model and the library can make, rounded down to sides
// they can hold; said in the log where that changes it. The pictures must have been checked (images.h);
// their pixels are not looked at.
[[nodiscard]] Size resolve_size(const zt_request& request, const families::Limits& limits, zt_pixel_format format,
                                const Log& log);

}  // namespace zt::pipeline
