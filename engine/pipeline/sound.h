// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sound of a clip, cut at its frames: each frame carries the samples that are heard while it is seen, so that a cut, a
// seek, a full queue or a cancelled clip treats both alike.
#pragma once

#include <cstdint>

#include "families/family.h"
#include "pipeline/frame.h"

namespace zt::pipeline {

// Immutable.
class SoundCutter {
public:
    // limits: of a model that is not mute. rate: of the clip, frames per second.
    SoundCutter(const families::Limits& limits, zt_rational rate)
        : sample_rate_(limits.sample_rate), channels_(limits.channels), rate_(rate) {}
    // Whether the batch, which begins with frame `first` of the clip, has the samples of its frames, all of them
    // finite; checked before any frame is handed out. Throws ZT_ERROR_INTERNAL, ZT_ERROR_NUMERIC.
    void check(const families::FrameBatch& batch, int64_t first, int64_t chunk) const;
    // Copies the samples of frame `number` out of it, clamped to -1..1.
    void give(const families::FrameBatch& batch, int64_t first, int64_t number, zt_frame& frame) const;

private:
    [[nodiscard]] int64_t before(int64_t frame) const;

    const int sample_rate_, channels_;
    const zt_rational rate_;
};

}  // namespace zt::pipeline
