/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vframe.h - frames of the engine as buffers: wrapped where downstream allows it, else copied
 *
 * A wrapped buffer holds a reference to the engine's frame and lets it go with its memory, which
 * may be long after the element. Wrapping costs nothing, but the memory is the engine's: rows begin
 * at multiples of 64 bytes, which a consumer only knows from a GstVideoMeta, and where downstream
 * has brought a pool of its own kind, memory of that pool saves it a copy.
 */
#pragma once

#include <gst/base/gstbasesrc.h>
#include <gst/video/video.h>

#include "zt_loader.h"

G_BEGIN_DECLS

/* What an allocation query allows; the streaming thread's. */
typedef struct _T2vFrames T2vFrames;

T2vFrames *t2v_frames_new (void);
void t2v_frames_free (T2vFrames *frames);

/* Reads the answered query, and writes into it what pool copies are made in. FALSE without caps. */
gboolean t2v_frames_decide (T2vFrames *frames, GstQuery *query);

/* The frame as a buffer of this format, which holds a reference of its own; NULL where it has to be
 * copied. */
GstBuffer *t2v_frames_wrap (
    const T2vFrames *frames, const ZtEngine *zt, zt_frame *frame, const GstVideoInfo *video);
/* Copies the frame into a buffer of this format; FALSE for one that cannot be written. */
gboolean t2v_frames_copy (const zt_frame_info *frame, const GstVideoInfo *video, GstBuffer *buffer);

G_END_DECLS
