// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The functions of zt_frame in zoetrope.h.
#include "pipeline/frame.h"

const zt_frame_info* zt_frame_get_info(const zt_frame* frame) { return frame != nullptr ? &frame->info : nullptr; }

zt_frame* zt_frame_ref(zt_frame* frame) {
    if (frame != nullptr) zt::pipeline::ref_frame(*frame);
    return frame;
}

void zt_frame_unref(zt_frame** frame) {
    if (frame == nullptr) return;
    zt::pipeline::unref_frame(*frame);
    *frame = nullptr;
}
