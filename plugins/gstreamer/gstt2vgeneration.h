/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vgeneration.h - from an open model to frames, in order
 *
 * The first frame asked for begins the generation, because only then size, rate and format are
 * known. A wait is cut into short slices, so that unlocking it needs nothing but a flag, and a
 * flush that goes on from the same place loses no work.
 */
#pragma once

#include <gst/video/video.h>

#include "gstt2vmodel.h"
#include "gstt2vpicture.h"
#include "gstt2vprovenance.h"
#include "gstt2vtext.h"

G_BEGIN_DECLS

/* What a generation is made from. All borrowed, they must live longer than it. */
typedef struct {
  GstElement *element; /* owns it */
  T2vWait *wait;
  T2vProperties *properties;
  T2vModel *model;
  T2vInputs *inputs;
  T2vTexts *texts;
  T2vMarks *marks;
  T2vProgress *progress;
} T2vParts;

typedef struct _T2vGeneration T2vGeneration;

T2vGeneration *t2v_generation_new (const T2vParts *parts);
/* It must be dropped. */
void t2v_generation_free (T2vGeneration *generation);

/* The streaming thread, or another while that one is stopped. */
/* Back to before the start. */
void t2v_generation_reset (T2vGeneration *generation);
/* What was negotiated: what runs ends, another generation goes on where it was. */
void t2v_generation_set_video (T2vGeneration *generation, const GstVideoInfo *video);
const GstVideoInfo *t2v_generation_video (const T2vGeneration *generation);
/* The next frame is the one of that time. */
void t2v_generation_seek (T2vGeneration *generation, GstClockTime time);
/* The next one is frame 0 of another clip; what runs ends. */
void t2v_generation_rewind (T2vGeneration *generation);
/* When the next frame begins. */
GstClockTime t2v_generation_time (const T2vGeneration *generation);
/* OK: *frame is one reference, *number its place in the clip. EOS, FLUSHING, or an error, which has
 * been posted. */
GstFlowReturn t2v_generation_next (T2vGeneration *generation, zt_frame **frame, gint64 *number);
/* Ends what runs; the next frame begins another one. */
void t2v_generation_drop (T2vGeneration *generation);

/* [any thread] Asks what runs to stop; returns at once. */
void t2v_generation_cancel (T2vGeneration *generation);
/* [any thread] Hands over a changed run-time option. The old value stays in force when this is
 * negative; ZT_AGAIN: nothing is running. */
zt_status t2v_generation_steer (
    T2vGeneration *generation, T2vOption option, const gchar *text, zt_error *error);

G_END_DECLS
