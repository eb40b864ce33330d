// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See frame.h.
#include "pipeline/frame.h"

#include <cstring>
#include <utility>

namespace zt::pipeline {

AlignedBytes::AlignedBytes(size_t bytes)
    : bytes_(static_cast<uint8_t*>(::operator new (bytes, std::align_val_t{kPlaneAlign}))) {
    // Padding is read by hosts' SIMD code and by checkers: it must not hold other people's data.
    std::memset(bytes_.get(), 0, bytes);
}

void ref_frame(zt_frame& frame) noexcept { frame.references.fetch_add(1, std::memory_order_relaxed); }

void unref_frame(zt_frame* frame) noexcept {
    if (frame != nullptr && frame->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        const std::unique_ptr<zt_frame> last(frame);
    }
}

}  // namespace zt::pipeline

zt_frame::zt_frame(zt_pixel_format format, int width, int height, std::shared_ptr<const zt::pipeline::PromptTag> tag,
                   bool alpha)
    : prompt(std::move(tag)), pixels(zt::pipeline::plane_layout(format, width, height, alpha).total_bytes) {
    const zt::pipeline::PlaneLayout layout = zt::pipeline::plane_layout(format, width, height, alpha);
    info.struct_size = sizeof(info);
    info.width = width;
    info.height = height;
    info.format = format;
    for (int plane = 0; plane < layout.planes; ++plane) {
        info.data[plane] = pixels.data() + layout.offset[plane];
        info.stride[plane] = layout.stride[plane];
    }
    info.prompt = prompt->text.c_str();
    info.prompt_sha256 = prompt->sha256.c_str();
}
