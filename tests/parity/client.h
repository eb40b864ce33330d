// SPDX-License-Identifier: LGPL-2.1-or-later
//
// client.h - what stages share that make clips through the C API
#pragma once

#include <ATen/ATen.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "include/zoetrope/zoetrope.h"

namespace zt::parity {

inline void check(zt_status status, const zt_error& error) {
    if (status < 0) throw std::runtime_error(std::string(zt_status_name(status)) + ": " + error.message);
}

// A frame of ZT_PIXEL_RGB24 -> [height, width, 3] u8, a copy.
inline at::Tensor picture_of(const zt_frame* frame) {
    const zt_frame_info* info = zt_frame_get_info(frame);
    at::Tensor picture = at::empty({info->height, info->width, 3}, at::kByte);
    for (int y = 0; y < info->height; y++)
        std::memcpy(picture[y].data_ptr(), info->data[0] + y * info->stride[0], static_cast<size_t>(info->width) * 3);
    return picture;
}

}  // namespace zt::parity
