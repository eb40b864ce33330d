/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vlive.h - is-live: frames at the pace of the pipeline's clock
 *
 * The first frame's time is the running time at which it is there; the others follow it, and the
 * base class holds each back until then. A frame that comes more than one frame too late moves the
 * time line: it and all that follow are later by as much, which a QoS message tells. None is ever
 * dropped. Without is-live these functions have no effect. They are for the streaming thread,
 * unless marked.
 */
#pragma once

#include <gst/base/gstbasesrc.h>

G_BEGIN_DECLS

typedef struct _T2vLive T2vLive;

/* element: borrowed, it owns this. */
T2vLive *t2v_live_new (GstBaseSrc *element);
void t2v_live_free (T2vLive *live);
/* Forgets the time line. */
void t2v_live_reset (T2vLive *live);

/* The running time by the clock, or `otherwise` where there is none or it is not live. */
GstClockTime t2v_live_now (const T2vLive *live, GstClockTime otherwise);
/* Gives a buffer, stamped with its own time, its place on the clock's time line. */
void t2v_live_stamp (T2vLive *live, GstBuffer *buffer);

/* GstBaseSrcClass::get_times */
void t2v_live_times (GstBaseSrc *base, GstBuffer *buffer, GstClockTime *start, GstClockTime *end);
/* [any thread] num/den: frames per second, 0 before they are known. FALSE where it is not live. */
gboolean t2v_live_answer_latency (GstBaseSrc *base, gint num, gint den, GstQuery *query);

G_END_DECLS
