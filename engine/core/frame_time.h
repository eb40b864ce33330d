/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * frame_time.h - the one rule by which a time means a frame (docs/options.md, "Time and frames"), and a frame
 * the samples of sound that are heard while it is seen.
 *
 * Plain C, header only: the engine and the GStreamer elements count with the same lines. */
#pragma once

#include <stdint.h>

/* How far behind a frame's own time a given time may lie and still mean that frame, in microseconds.
 * Durations are read to the microsecond. A cue is written in milliseconds, so the time of a frame may
 * be rounded up by half of one. */
enum { ZT_DURATION_SLACK_US = 1, ZT_CUE_SLACK_US = 500 };

/* The first frame whose time is at least time_us - slack_us; frame k has the time k * den / num
 * seconds. 0 for times below 0. Exact for times up to a day and num, den up to a million. */
static inline int64_t zt_first_frame_at(int64_t time_us, int64_t slack_us, int64_t num, int64_t den) {
    const int64_t unit = den * 1000000;
    const int64_t least_us = time_us > slack_us ? time_us - slack_us : 0;

    return (least_us * num + unit - 1) / unit;
}

/* The frames of a clip that lasts duration_us > 0: those whose time is before its end, at least one. */
static inline int64_t zt_frames_within(int64_t duration_us, int64_t num, int64_t den) {
    const int64_t frames = zt_first_frame_at(duration_us, ZT_DURATION_SLACK_US, num, den);

    return frames > 0 ? frames : 1;
}

/* How many samples of sound come before frame `frame`: its time in samples, rounded to the nearest, halves up.
 * Frame k carries those from this number of k to that of k + 1, so over any number of frames none is lost or
 * doubled and sound never drifts from the picture. Exact for frame < 2^31, num and den up to a million and
 * sample rates below 2^20; whole seconds are counted apart, so that no product overflows. */
static inline int64_t zt_samples_before(int64_t frame, int64_t sample_rate, int64_t num, int64_t den) {
    const int64_t seconds = frame * den / num, rest = frame * den % num;

    return seconds * sample_rate + (2 * rest * sample_rate + num) / (2 * num);
}
