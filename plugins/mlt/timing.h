/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * timing.h - positions of MLT and frames of a clip, where their rates differ
 *
 * Position p is shown at the time p * den / num of the profile's rate; the frame that is seen then is the last one
 * that has begun. Exact for positions below 2^31 and rates of two parts below 2^16. */
#pragma once

#include <framework/mlt.h>
#include <stdint.h>

#include "zoetrope/zoetrope.h"

static inline zt_rational zt_mlt_rate(mlt_profile profile)
{
    return (zt_rational){ profile->frame_rate_num, profile->frame_rate_den };
}

static inline int64_t zt_mlt_frame_at(int64_t position, zt_rational profile, zt_rational clip)
{
    return position * profile.den * clip.num / ((int64_t)profile.num * clip.den);
}

/* How many positions show a clip of so many frames. */
static inline int64_t zt_mlt_positions(int64_t frames, zt_rational profile, zt_rational clip)
{
    int64_t unit = (int64_t)clip.num * profile.den;

    return (frames * clip.den * profile.num + unit - 1) / unit;
}
