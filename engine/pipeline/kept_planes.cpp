// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See kept_planes.h.
#include "pipeline/kept_planes.h"

#include "pipeline/color.h"

namespace zt::pipeline {

cache::Planes kept_planes(zt_pixel_format format, int width, int height) {
    const PlaneLayout layout = plane_layout(format, width, height);
    cache::Planes planes;
    for (int p = 0; p < layout.planes; p++) {
        const bool packed = layout.row_bytes[p] >= 3 * layout.width[p];  // RGB, all of them 8 bits
        planes.push_back({layout.row_bytes[p], layout.height[p], packed ? 1 : layout.row_bytes[p] / layout.width[p]});
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
