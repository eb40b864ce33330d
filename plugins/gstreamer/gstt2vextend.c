/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vextend.c - see gstt2vextend.h
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vextend.h"
#include "gstt2vclip.h"

struct _T2vExtend {
  T2vWait *wait;

  /* Under the wait's lock. */
  gboolean on;
  gboolean ended;     /* the input has */
  GstBuffer *passing; /* the next to pass */
  GQueue history;     /* the newest that passed, oldest first */
  guint most_history;
  GstVideoInfo video; /* of all of them */

  /* Streaming thread only. */
  gboolean all; /* have passed */
  guint64 frames;
  GstClockTime end; /* running time of the last one's end */
};

T2vExtend *
t2v_extend_new (T2vWait *wait)
{
  T2vExtend *extend = g_new0 (T2vExtend, 1);

  extend->wait = wait;
  return extend;
}

void
t2v_extend_free (T2vExtend *extend)
{
  t2v_extend_forget (extend);
  g_free (extend);
}

gboolean
t2v_extend_is_on (T2vExtend *extend)
{
  gboolean on;

  t2v_wait_lock (extend->wait);
  on = extend->on;
  t2v_wait_unlock (extend->wait);
  return on;
}

gboolean
t2v_extend_is_on_locked (const T2vExtend *extend)
{
  return extend->on;
}

static zt_status
check (gboolean asked, gint context, gboolean live, zt_error *error)
{
  error->status = ZT_ERROR_ARGUMENT;
  if (!asked && context > 0) {
    g_snprintf (error->message, sizeof (error->message),
        "context: expected 0 "
        "(mode=animate looks at one picture), got %d",
        context);
  } else if (asked && live) {
    g_strlcpy (error->message,
        "is-live: expected false with mode=extend (the "
        "input sets the pace), got true",
        sizeof (error->message));
  } else {
    error->status = ZT_OK;
  }
  return error->status;
}

zt_status
t2v_extend_settle (T2vExtend *extend, gboolean asked, gint context, gboolean live,
    const zt_model_info *model, zt_error *error)
{
  zt_status status = check (asked, context, live, error);

  t2v_wait_lock (extend->wait);
  extend->on = status >= 0 && asked;
  extend->most_history = context > 0 ? context : MAX (model->history_images, 1);
  t2v_wait_unlock (extend->wait);
  return status;
}

guint
t2v_extend_most (T2vExtend *extend)
{
  guint most;

  t2v_wait_lock (extend->wait);
  most = extend->on ? extend->most_history : 0;
  t2v_wait_unlock (extend->wait);
  return most;
}

void
t2v_extend_forget (T2vExtend *extend)
{
  t2v_wait_lock (extend->wait);
  gst_clear_buffer (&extend->passing);
  g_queue_clear_full (&extend->history, (GDestroyNotify) gst_buffer_unref);
  t2v_wait_wake (extend->wait);
  t2v_wait_unlock (extend->wait);
  extend->all = FALSE;
  extend->frames = 0;
  extend->end = 0;
}

/* ---- The pad's thread ---- */

GstCaps *
t2v_extend_check_caps (
    T2vExtend *extend, const GstCaps *model, GstCaps *caps, GstVideoInfo *video, gchar **text)
{
  /* What the input leaves open, it has as the model makes it. */
  GstCaps *both = gst_caps_intersect (caps, (GstCaps *) model);
  GstVideoInfo info;
  gboolean begun;

  t2v_wait_lock (extend->wait);
  begun = extend->passing != NULL || extend->history.length > 0;
  t2v_wait_unlock (extend->wait);
  *text = NULL;
  if (gst_caps_is_empty (both))
    *text = t2v_clip_disagreement (model, caps, "the input");
  else if (!gst_video_info_from_caps (&info, both))
    *text = g_strdup ("caps: expected one format, got several from the input");
  else if (begun && !gst_video_info_is_equal (video, &info))
    *text = g_strdup ("caps: expected one format up to the end of the input, got "
                      "another in the middle");
  if (*text != NULL) {
    gst_caps_unref (both);
    return NULL;
  }
  *video = info;
  return both;
}

/* The buffer on the time line of what comes out; NULL for one that is not to be seen. Takes it. */
static GstBuffer *
in_running_time (GstBuffer *buffer, const GstSegment *segment, const GstVideoInfo *video)
{
  GstClockTime time = GST_CLOCK_TIME_NONE;

  if (segment->format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID (buffer)) {
    time = gst_segment_to_running_time (segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
    if (!GST_CLOCK_TIME_IS_VALID (time)) {
      gst_buffer_unref (buffer);
      return NULL;
    }
  }
  buffer = gst_buffer_make_writable (buffer);
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  if (!GST_BUFFER_DURATION_IS_VALID (buffer))
    GST_BUFFER_DURATION (buffer) =
        t2v_clip_frame_time (1, GST_VIDEO_INFO_FPS_N (video), GST_VIDEO_INFO_FPS_D (video));
  return buffer;
}

GstFlowReturn
t2v_extend_take (T2vExtend *extend, GstPad *pad, GstBuffer *buffer, const GstSegment *segment,
    const GstVideoInfo *video)
{
  T2vWait *wait = extend->wait;
  gboolean taken;

  buffer = in_running_time (buffer, segment, video);
  if (buffer == NULL)
    return GST_FLOW_OK;
  t2v_wait_lock (wait);
  while (extend->passing != NULL && !t2v_wait_is_closing (wait) && !GST_PAD_IS_FLUSHING (pad))
    t2v_wait_block (wait);
  taken = !t2v_wait_is_closing (wait) && !GST_PAD_IS_FLUSHING (pad);
  if (taken) {
    extend->passing = buffer;
    extend->video = *video;
    t2v_wait_wake (wait);
  }
  t2v_wait_unlock (wait);
  if (!taken)
    gst_buffer_unref (buffer);
  return taken ? GST_FLOW_OK : GST_FLOW_FLUSHING;
}

/* ---- The streaming thread ---- */

/* The next to pass, NULL at the end; with the lock. The newest are kept. */
static GstBuffer *
take_passing (T2vExtend *extend)
{
  GstBuffer *buffer = extend->passing;

  extend->passing = NULL;
  if (buffer == NULL)
    return NULL;
  if (!GST_BUFFER_PTS_IS_VALID (buffer))
    GST_BUFFER_PTS (buffer) = extend->end;
  GST_BUFFER_OFFSET (buffer) = extend->frames++;
  GST_BUFFER_OFFSET_END (buffer) = extend->frames;
  extend->end = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
  g_queue_push_tail (&extend->history, gst_buffer_ref (buffer));
  if (extend->history.length > extend->most_history)
    gst_buffer_unref (g_queue_pop_head (&extend->history));
  t2v_wait_wake (extend->wait);
  return buffer;
}

GstFlowReturn
t2v_extend_pass (T2vExtend *extend, GstBuffer **buffer)
{
  T2vWait *wait = extend->wait;
  GstFlowReturn flow = GST_FLOW_OK;

  if (!t2v_extend_is_on (extend) || extend->all)
    return GST_FLOW_EOS;
  t2v_wait_lock (wait);
  while (extend->passing == NULL && !t2v_wait_is_flushing (wait) && !extend->ended)
    t2v_wait_block (wait);
  if (t2v_wait_is_flushing (wait))
    flow = GST_FLOW_FLUSHING;
  else if ((*buffer = take_passing (extend)) == NULL)
    flow = GST_FLOW_EOS;
  t2v_wait_unlock (wait);
  extend->all = flow == GST_FLOW_EOS;
  return flow;
}

guint64
t2v_extend_frames (const T2vExtend *extend)
{
  return extend->frames;
}

GstClockTime
t2v_extend_end_time (const T2vExtend *extend)
{
  return extend->end;
}

/* ---- With the lock ---- */

void
t2v_extend_set_ended (T2vExtend *extend, gboolean ended)
{
  extend->ended = ended;
  t2v_wait_wake (extend->wait);
}

gboolean
t2v_extend_has_ended (const T2vExtend *extend)
{
  return extend->ended;
}

gboolean
t2v_extend_is_begun (const T2vExtend *extend)
{
  return extend->on && (extend->passing != NULL || extend->history.length > 0);
}

const GList *
t2v_extend_history (const T2vExtend *extend)
{
  return extend->history.head;
}

const GstVideoInfo *
t2v_extend_video (const T2vExtend *extend)
{
  return &extend->video;
}
