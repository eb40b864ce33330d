/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sound.h - the sound of any span of a clip */
#pragma once

#include "zt_clips.h"

/* Writes `count` samples of each channel, interleaved, from sample `first` of the clip on. Frames carry the sound of
 * the time they are seen; what lies outside the clip is left as it is. Statuses as zt_clip_read. */
zt_status zt_mlt_read_sound(ZtClip *clip, int64_t first, int count, int (*stop)(void *opaque), void *opaque, float *out,
                            zt_error *error);
