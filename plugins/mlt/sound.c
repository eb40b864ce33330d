/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * sound.c - see sound.h */
#include <string.h>

#include "core/frame_time.h"
#include "sound.h"

/* Copies what the frame has of [first, end) to its place in out, which begins with sample `first`. */
static void copy_part(const zt_frame_info *info, int64_t first, int64_t end, float *out)
{
    int64_t begin = info->first_sample > first ? info->first_sample : first;
    int64_t stop = info->first_sample + info->sample_count < end ? info->first_sample + info->sample_count : end;

    if (begin < stop)
        memcpy(out + (begin - first) * info->channels, info->samples + (begin - info->first_sample) * info->channels,
               (size_t)((stop - begin) * info->channels) * sizeof(float));
}

zt_status zt_mlt_read_sound(ZtClip *clip, int64_t first, int count, int (*stop)(void *opaque), void *opaque, float *out,
                            zt_error *error)
{
    const ZtClipInfo *info = zt_clip_info(clip);
    const ZtEngine *zt = zt_clip_engine(clip);
    int64_t end = first + count;
    /* One frame before the time itself: samples are rounded. */
    int64_t number = first * info->rate.num / ((int64_t)info->sample_rate * info->rate.den) - 1;

    for (number = number < 0 ? 0 : number; number < info->frames; number++) {
        zt_frame *frame = NULL;
        zt_status status;

        if (zt_samples_before(number + 1, info->sample_rate, info->rate.num, info->rate.den) <= first)
            continue;
        if (zt_samples_before(number, info->sample_rate, info->rate.num, info->rate.den) >= end)
            break;
        status = zt_clip_read(clip, number, stop, opaque, &frame, error);
        if (!frame)
            return status;
        copy_part(zt->frame_get_info(frame), first, end, out);
        zt->frame_unref(&frame);
    }
    return ZT_OK;
}
