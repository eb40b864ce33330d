/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vlive.h - is-live: frames at the pace of the pipeline's clock
 *
 * The first frame's time is the running time at which it is there; the others follow it, and the
 * base class holds each back until then. A frame that comes late by more than the latency, or by
 * more than one frame where that is longer, moves the time line: it and all that follow are later
 * by as much, which a QoS message tells. One that is less late keeps its time, as what follows has
 * been told to wait that long, and frames made ahead catch up. None is ever dropped. Without
 * is-live these functions have no effect. They are for the streaming thread, unless marked.
 */
#pragma once

#include <gst/base/gstbasesrc.h>

G_BEGIN_DECLS

typedef struct _T2vLive T2vLive;

/* Nanoseconds, as rtpjitterbuffer has it: what a busy machine keeps a thread waiting for. */
#define T2V_LIVE_LATENCY      (200 * GST_MSECOND)
#define T2V_LIVE_MOST_LATENCY (3600 * GST_SECOND)

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
/* [any thread] Nanoseconds, as asked for. */
void t2v_live_set_latency (T2vLive *live, GstClockTime latency);
GstClockTime t2v_live_latency (T2vLive *live);
/* [any thread] num/den: frames per second, 0 before they are known. FALSE where it is not live. */
gboolean t2v_live_answer_latency (T2vLive *live, gint num, gint den, GstQuery *query);

G_END_DECLS
