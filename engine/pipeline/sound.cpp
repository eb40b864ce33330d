// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See sound.h.
#include "pipeline/sound.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/frame_time.h"
#include "pipeline/color.h"

namespace zt::pipeline {

int64_t SoundCutter::before(int64_t frame) const {
    return zt_samples_before(frame, sample_rate_, rate_.num, rate_.den);
}

void SoundCutter::check(const families::FrameBatch& batch, int64_t first, int64_t chunk) const {
    const int64_t expected = before(first + batch.frames) - before(first);
    const int64_t got = batch.samples == nullptr ? 0 : batch.sample_count;
    if (got != expected)
        throw Error(ZT_ERROR_INTERNAL, "generation: expected " + std::to_string(expected) + " samples in chunk " +
                                           std::to_string(chunk) + ", got " + std::to_string(got));
    if (!all_finite({batch.samples, static_cast<size_t>(expected * channels_)}))
        throw Error(ZT_ERROR_NUMERIC,
                    "chunk " + std::to_string(chunk) + ": expected finite samples, got NaN or infinity");
}

void SoundCutter::give(const families::FrameBatch& batch, int64_t first, int64_t number, zt_frame& frame) const {
    zt_frame_info& info = frame.info;
    info.sample_rate = sample_rate_;
    info.channels = channels_;
    info.first_sample = before(number);
    info.sample_count = before(number + 1) - info.first_sample;
    const float* const from = batch.samples + (info.first_sample - before(first)) * channels_;
    frame.sound.assign(from, from + info.sample_count * channels_);
    for (float& value : frame.sound) value = std::clamp(value, -1.0F, 1.0F);
    info.samples = frame.sound.data();
}

}  // namespace zt::pipeline
