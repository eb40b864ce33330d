// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See kept_planes.h.
#include "pipeline/kept_planes.h"

#include "pipeline/color.h"

namespace zt::pipeline {

cache::Planes kept_planes(zt_pixel_format format, int width, int height, bool alpha) {
    const PlaneLayout layout = plane_layout(format, width, height, alpha);
    cache::Planes planes;
    for (int p = 0; p < layout.planes; p++) {
        const int bytes = layout.row_bytes[p] / layout.width[p];  // of a pixel, where the plane is packed
        planes.push_back({layout.row_bytes[p], layout.height[p], bytes == 2 || bytes == 8 ? 2 : 1});
    }
    return planes;
}

cache::FrameData kept_data(const zt_frame& frame) {
    cache::FrameData data;
    for (size_t p = 0; p < data.data.size(); p++)
        data.data[p] = frame.info.data[p], data.stride[p] = frame.info.stride[p];
    return data;
}

}  // namespace zt::pipeline
