/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vlive.c - see gstt2vlive.h
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vlive.h"
#include "gstt2vclip.h"
#include "gstt2vreport.h"

#define GST_CAT_DEFAULT zoetrope_debug

struct _T2vLive {
  GstBaseSrc *element;
  GMutex lock;             /* of latency */
  GstClockTime latency;    /* asked for */
  guint64 frames;          /* pushed so far */
  GstClockTime filled;     /* the time they last */
  GstClockTime first_time; /* running time of the first */
  GstClockTimeDiff offset; /* from a frame's own time to its running time */
};

T2vLive *
t2v_live_new (GstBaseSrc *element)
{
  T2vLive *live = g_new0 (T2vLive, 1);

  live->element = element;
  g_mutex_init (&live->lock);
  live->latency = T2V_LIVE_LATENCY;
  return live;
}

void
t2v_live_free (T2vLive *live)
{
  g_mutex_clear (&live->lock);
  g_free (live);
}

void
t2v_live_set_latency (T2vLive *live, GstClockTime latency)
{
  g_mutex_lock (&live->lock);
  live->latency = latency;
  g_mutex_unlock (&live->lock);
}

GstClockTime
t2v_live_latency (T2vLive *live)
{
  GstClockTime latency;

  g_mutex_lock (&live->lock);
  latency = live->latency;
  g_mutex_unlock (&live->lock);
  return latency;
}

void
t2v_live_reset (T2vLive *live)
{
  live->frames = live->filled = live->first_time = 0;
  live->offset = 0;
}

GstClockTime
t2v_live_now (const T2vLive *live, GstClockTime otherwise)
{
  GstElement *element = GST_ELEMENT (live->element);
  GstClock *clock = gst_base_src_is_live (live->element) ? gst_element_get_clock (element) : NULL;
  GstClockTime now, base;

  if (clock == NULL)
    return otherwise;
  now = gst_clock_get_time (clock);
  base = gst_element_get_base_time (element);
  gst_object_unref (clock);
  return now > base ? now - base : 0;
}

/* jitter and duration: how late; stats: no frame of all these was dropped. */
static void
tell_lateness (const T2vLive *live, GstClockTime due, GstClockTime late)
{
  GstMessage *message = gst_message_new_qos (GST_OBJECT (live->element), TRUE, due, due, due, late);
  GstClockTime run = due + late - live->first_time;

  /* Above 1: the time it took against the time it fills. */
  gst_message_set_qos_values (
      message, (gint64) late, live->filled > 0 ? (gdouble) run / live->filled : 1.0, 1000000);
  gst_message_set_qos_stats (message, GST_FORMAT_BUFFERS, live->frames, 0);
  gst_element_post_message (GST_ELEMENT (live->element), message);
  GST_INFO_OBJECT (live->element,
      "frame %" G_GUINT64_FORMAT " came %" GST_TIME_FORMAT
      " late: it and all that follow are moved by that",
      live->frames, GST_TIME_ARGS (late));
}

void
t2v_live_stamp (T2vLive *live, GstBuffer *buffer)
{
  GstClockTime duration = GST_BUFFER_DURATION (buffer);
  GstClockTime now = t2v_live_now (live, GST_CLOCK_TIME_NONE);
  GstClockTime due;

  if (!GST_CLOCK_TIME_IS_VALID (now))
    return;
  /* None is made much before the one in front of it has gone: a time far ahead is from before a
   * flush, which set the running time back. */
  if (live->frames == 0 || GST_BUFFER_PTS (buffer) + live->offset > now + 2 * duration) {
    live->frames = live->filled = 0;
    live->first_time = now;
    live->offset = GST_CLOCK_DIFF (GST_BUFFER_PTS (buffer), now);
  }
  due = GST_BUFFER_PTS (buffer) + live->offset;
  if (now > due + MAX (t2v_live_latency (live), duration)) {
    tell_lateness (live, due, now - due);
    live->offset += now - due;
    due = now;
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  }
  GST_BUFFER_PTS (buffer) = due;
  live->frames++;
  live->filled += duration;
}

void
t2v_live_times (GstBaseSrc *base, GstBuffer *buffer, GstClockTime *start, GstClockTime *end)
{
  *start = *end = GST_CLOCK_TIME_NONE;
  if (gst_base_src_is_live (base) && GST_BUFFER_PTS_IS_VALID (buffer)) {
    *start = GST_BUFFER_PTS (buffer);
    *end = *start + GST_BUFFER_DURATION (buffer);
  }
}

gboolean
t2v_live_answer_latency (T2vLive *live, gint num, gint den, GstQuery *query)
{
  if (!gst_base_src_is_live (live->element) || num <= 0)
    return FALSE;
  /* As late as a frame may come unnoticed; however long they are kept, none is lost. */
  gst_query_set_latency (query, TRUE,
      MAX (t2v_live_latency (live), t2v_clip_frame_time (1, num, den)), GST_CLOCK_TIME_NONE);
  return TRUE;
}
