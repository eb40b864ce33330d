/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vextend.c - mode=extend: the input passes through, its newest frames are kept, then it goes
 * on
 *
 * The pad's thread hands over one buffer at a time and waits until it is taken; the streaming
 * thread pushes it as it is. Times become running times, so that what comes out has one plain time
 * line.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "gstt2vbase.h"

#define GST_CAT_DEFAULT zoetrope_debug

gboolean
t2v_extend_is_on (GstT2vBase *self)
{
  gboolean on;

  g_mutex_lock (&self->wait.lock);
  on = self->wait.extending;
  g_mutex_unlock (&self->wait.lock);
  return on;
}

/* What the options ask for; 0 frames = mode=animate. */
static zt_status
count_history (GstT2vBase *self, const zt_model_info *model, gint *frames, zt_error *error)
{
  const GValue *values = self->settings.values.options.values;
  gboolean extend;
  gint context;

  g_mutex_lock (&self->settings.lock);
  extend = g_value_get_enum (&values[T2V_OPTION_mode]) != 0;
  context = g_value_get_int (&values[T2V_OPTION_context]);
  g_mutex_unlock (&self->settings.lock);

  *frames = !extend ? 0 : context > 0 ? context : model->history_images;
  error->status = ZT_ERROR_ARGUMENT;
  if (!extend && context > 0) {
    g_snprintf (error->message, sizeof (error->message),
        "context: expected 0 "
        "(mode=animate looks at one picture), got %d",
        context);
  } else if (extend && model->history_images == 0) {
    error->status = ZT_ERROR_UNSUPPORTED;
    g_strlcpy (error->message,
        "history: expected none (this model cannot go "
        "on from given frames), got mode=extend",
        sizeof (error->message));
  } else if (extend && context > model->history_images) {
    g_snprintf (error->message, sizeof (error->message),
        "context: expected at "
        "most %d (what this model looks at), got %d",
        model->history_images, context);
  } else if (extend && gst_base_src_is_live (GST_BASE_SRC (self))) {
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
t2v_extend_settle (GstT2vBase *self, const zt_model_info *model, zt_error *error)
{
  gint frames;
  zt_status status = count_history (self, model, &frames, error);

  g_mutex_lock (&self->wait.lock);
  self->wait.extending = status >= 0 && frames > 0;
  self->wait.most_history = MIN (frames, T2V_MOST_HISTORY);
  g_mutex_unlock (&self->wait.lock);
  return status;
}

void
t2v_extend_forget (GstT2vBase *self)
{
  T2vSrcWait *wait = &self->wait;

  g_mutex_lock (&wait->lock);
  gst_clear_buffer (&wait->passing);
  g_queue_clear_full (&wait->history, (GDestroyNotify) gst_buffer_unref);
  g_cond_broadcast (&wait->changed);
  g_mutex_unlock (&wait->lock);
  memset (&self->stream.passed, 0, sizeof (self->stream.passed));
}

/* What the open model makes; NULL without one. */
static GstCaps *
model_caps (GstT2vBase *self)
{
  GstCaps *caps = NULL;

  g_mutex_lock (&self->stream.lock);
  if (self->stream.model != NULL)
    caps = t2v_clip_model_caps (self->stream.zt->model_get_info (self->stream.model));
  g_mutex_unlock (&self->stream.lock);
  return caps;
}

GstCaps *
t2v_extend_input_caps (GstT2vBase *self)
{
  GstCaps *model = model_caps (self), *peer, *both;

  if (model == NULL)
    return t2v_clip_template_caps ();
  peer = gst_pad_peer_query_caps (GST_BASE_SRC_PAD (self), model);
  both = gst_caps_intersect (model, peer);
  gst_caps_unref (model);
  gst_caps_unref (peer);
  return both;
}

gboolean
t2v_extend_take_caps (GstT2vBase *self, GstCaps *caps, GstVideoInfo *video)
{
  GstCaps *model = model_caps (self), *both, *old;
  GstVideoInfo info;
  gboolean begun, alive;
  gchar *text = NULL;

  g_mutex_lock (&self->wait.lock);
  begun = self->wait.passing != NULL || self->wait.history.length > 0;
  g_mutex_unlock (&self->wait.lock);
  if (model == NULL)
    return FALSE;
  /* What the input leaves alive, it has as the model makes it. */
  both = gst_caps_intersect (caps, model);
  if (gst_caps_is_empty (both))
    text = t2v_clip_disagreement (model, caps, "the input");
  else if (!gst_video_info_from_caps (&info, both))
    text = g_strdup ("caps: expected one format, got several from the input");
  else if (begun && !gst_video_info_is_equal (video, &info))
    text = g_strdup ("caps: expected one format up to the end of the input, got "
                     "another in the middle");
  gst_caps_unref (model);
  if (text != NULL) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("%s", text),
        ("videoscale, videorate or videoconvert in front of i2v may help"));
    g_free (text);
    gst_caps_unref (both);
    return FALSE;
  }

  *video = info;
  g_mutex_lock (&self->stream.lock);
  /* Stopped meanwhile: what is kept now nobody would free. */
  alive = self->stream.model != NULL;
  old = alive ? self->stream.caps : both;
  if (alive)
    self->stream.caps = both;
  g_mutex_unlock (&self->stream.lock);
  gst_clear_caps (&old);
  if (!alive)
    return FALSE;
  gst_pad_mark_reconfigure (GST_BASE_SRC_PAD (self));
  return TRUE;
}

GstFlowReturn
t2v_extend_take (GstT2vBase *self, GstPad *pad, GstBuffer *buffer, const GstSegment *segment,
    const GstVideoInfo *video)
{
  T2vSrcWait *wait = &self->wait;
  GstClockTime time = GST_CLOCK_TIME_NONE;
  gboolean taken;

  if (segment->format == GST_FORMAT_TIME && GST_BUFFER_PTS_IS_VALID (buffer)) {
    time = gst_segment_to_running_time (segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
    /* Not part of what is to be seen. */
    if (!GST_CLOCK_TIME_IS_VALID (time)) {
      gst_buffer_unref (buffer);
      return GST_FLOW_OK;
    }
  }
  buffer = gst_buffer_make_writable (buffer);
  GST_BUFFER_PTS (buffer) = time;
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  if (!GST_BUFFER_DURATION_IS_VALID (buffer))
    GST_BUFFER_DURATION (buffer) =
        t2v_clip_frame_time (1, GST_VIDEO_INFO_FPS_N (video), GST_VIDEO_INFO_FPS_D (video));

  g_mutex_lock (&wait->lock);
  while (wait->passing != NULL && !wait->closing && !GST_PAD_IS_FLUSHING (pad))
    g_cond_wait (&wait->changed, &wait->lock);
  taken = !wait->closing && !GST_PAD_IS_FLUSHING (pad);
  if (taken) {
    wait->passing = buffer;
    wait->inputs[T2V_INPUT_FIRST].info = *video;
    g_cond_broadcast (&wait->changed);
  }
  g_mutex_unlock (&wait->lock);
  if (!taken)
    gst_buffer_unref (buffer);
  return taken ? GST_FLOW_OK : GST_FLOW_FLUSHING;
}

/* The next to pass, NULL at the end; with the lock. The newest are kept. */
static GstBuffer *
take_passing (GstT2vBase *self)
{
  T2vSrcPassed *passed = &self->stream.passed;
  T2vSrcWait *wait = &self->wait;
  GstBuffer *buffer = wait->passing;

  wait->passing = NULL;
  if (buffer == NULL)
    return NULL;
  if (!GST_BUFFER_PTS_IS_VALID (buffer))
    GST_BUFFER_PTS (buffer) = passed->end;
  GST_BUFFER_OFFSET (buffer) = passed->frames++;
  GST_BUFFER_OFFSET_END (buffer) = passed->frames;
  passed->end = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
  g_queue_push_tail (&wait->history, gst_buffer_ref (buffer));
  if (wait->history.length > wait->most_history)
    gst_buffer_unref (g_queue_pop_head (&wait->history));
  g_cond_broadcast (&wait->changed);
  return buffer;
}

GstFlowReturn
t2v_extend_pass (GstT2vBase *self, GstBuffer **buffer)
{
  T2vSrcWait *wait = &self->wait;
  GstFlowReturn flow = GST_FLOW_OK;

  if (!t2v_extend_is_on (self) || self->stream.passed.all)
    return GST_FLOW_EOS;
  g_mutex_lock (&wait->lock);
  while (wait->passing == NULL && !wait->flushing && !wait->inputs[T2V_INPUT_FIRST].ended)
    g_cond_wait (&wait->changed, &wait->lock);
  if (wait->flushing)
    flow = GST_FLOW_FLUSHING;
  else if ((*buffer = take_passing (self)) == NULL)
    flow = GST_FLOW_EOS;
  g_mutex_unlock (&wait->lock);
  self->stream.passed.all = flow == GST_FLOW_EOS;
  return flow;
}
