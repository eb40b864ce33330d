/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_mlt.h - the parts of the MLT module
 *
 * MLT (melt, Kdenlive, Shotcut) opens a producer, sets its properties one by one, reads its length, and asks
 * its frames for pictures and sound, later and from other threads. */
#pragma once

#include <framework/mlt.h>
#include <string.h>

#include "zt_clips.h"

/* ---- producer.c ---- */

/* `zoetrope:PROMPT`, or a t2v: link; `t2v:LINK`; either may have a folder in front. Never NULL but without memory: a
 * fault becomes a card. */
void *zt_mlt_producer_init(mlt_profile profile, mlt_service_type type, const char *id, char *argument);

/* What a service is called behind a folder. */
static inline const char *zt_mlt_service_name(const char *id)
{
    const char *slash = strrchr(id, '/');

    return slash ? slash + 1 : id;
}

/* ---- metadata.c: what `melt -query producer=zoetrope` says, from the option table ---- */

mlt_properties zt_mlt_metadata(mlt_service_type type, const char *id, void *unused);

/* ---- picture.c: frames as MLT has them ---- */

/* The format that a clip without alpha is made in: that which the property mlt_image_format names, else 4:2:2. RGB
 * where the profile has another matrix than ours, because MLT converts between formats, not between matrices. */
zt_pixel_format zt_mlt_format(const char *wanted, int colorspace);
/* Gives the frame a picture: *image, *format, *width, *height as mlt_frame_get_image returns them, and the
 * properties that say how to read it. full_range: what the consumer wants of YUV. False without memory. */
int zt_mlt_set_picture(mlt_frame frame, const zt_frame_info *from, int full_range, uint8_t **image,
                       mlt_image_format *format, int *width, int *height);
/* The same with words instead of a picture; width and height are those asked for. */
int zt_mlt_set_card(mlt_frame frame, const char *title, const char *text, uint8_t **image, mlt_image_format *format,
                    int width, int height);

/* ---- consumers.c: who waits for a frame, and whether it still does ---- */

/* Before any consumer is made. */
void zt_mlt_watch_consumers(void);
/* Who asks for this frame on this thread; 0 = nobody that can be known. */
uint64_t zt_mlt_consumer_of(mlt_frame frame);
/* Whether it has been stopped; false for 0. */
int zt_mlt_consumer_stopped(uint64_t consumer);
/* Ends what the consumer does, if it writes a file rather than shows a picture: melt then ends with status 1. */
void zt_mlt_consumer_fail(uint64_t consumer);
