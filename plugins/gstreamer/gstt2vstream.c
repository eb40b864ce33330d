/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vstream.c - from a model to frames
 *
 * The model is opened at the start. The first frame asked for begins the generation, because only
 * then size, rate and format are known. A wait is cut into short slices, so that unlocking it needs
 * nothing but a flag, and a flush that goes on from the same place loses no work.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "gstt2vbase.h"

#define GST_CAT_DEFAULT zoetrope_debug

/* The longest that a wait outlives unlock(). */
#define WAIT_SLICE_US     (20 * G_TIME_SPAN_MILLISECOND)
/* After the first frames, a shorter wait is not worth a progress message. */
#define PROGRESS_AFTER_US G_TIME_SPAN_SECOND

void
t2v_stream_drop (GstT2vBase *self)
{
  zt_session *session;

  g_mutex_lock (&self->wait.lock);
  session = self->wait.session;
  self->wait.session = NULL;
  g_mutex_unlock (&self->wait.lock);
  if (session != NULL)
    self->stream.zt->session_destroy (&session);
}

void
t2v_stream_drop_picture (GstT2vBase *self, T2vInput input)
{
  t2v_picture_forget (self, input);
  if (input == T2V_INPUT_FIRST) {
    t2v_extend_forget (self);
    /* The next picture may be of another size. */
    gst_pad_mark_reconfigure (GST_BASE_SRC_PAD (self));
  }
  t2v_stream_drop (self);
  self->stream.next = self->stream.session_next = 0;
  self->stream.seek = GST_CLOCK_TIME_NONE;
  self->stream.next_sei_second = 0;
}

void
t2v_stream_cancel (GstT2vBase *self)
{
  g_mutex_lock (&self->wait.lock);
  if (self->wait.session != NULL)
    self->stream.zt->session_cancel (self->wait.session);
  g_mutex_unlock (&self->wait.lock);
}

static zt_status
steer_locked (GstT2vBase *self, T2vOption option, const gchar *text, zt_error *error)
{
  const ZtEngine *zt = self->stream.zt;
  zt_session *session = self->wait.session;
  int64_t first = 0;
  zt_status status;

  if (session == NULL)
    return ZT_AGAIN;
  status = option == T2V_OPTION_prompt ? zt->session_set_prompt (session, text, &first, error)
                                       : zt->session_set_option (session,
                                             t2v_option_info (option)->name, text, &first, error);
  if (status >= 0)
    GST_DEBUG_OBJECT (self, "%s changes at frame %" G_GINT64_FORMAT, t2v_option_info (option)->name,
        (gint64) first);
  return status;
}

zt_status
t2v_stream_steer (GstT2vBase *self, T2vOption option, const gchar *text, zt_error *error)
{
  zt_status status;

  g_mutex_lock (&self->wait.lock);
  status = steer_locked (self, option, text, error);
  if (option == T2V_OPTION_prompt && status >= 0 && *text != 0) {
    self->wait.prompt_set = TRUE;
    g_cond_broadcast (&self->wait.changed);
  }
  g_mutex_unlock (&self->wait.lock);
  return status;
}

/* Texts of the run-time options, NULL where unset. */
static void
runtime_texts (GstT2vBase *self, gchar *texts[T2V_OPTION_COUNT])
{
  g_mutex_lock (&self->settings.lock);
  for (gint i = 0; i < T2V_OPTION_COUNT; i++)
    texts[i] = t2v_option_info (i)->flags & ZT_OPTION_RUNTIME
                   ? t2v_options_text (&self->settings.values.options, i)
                   : NULL;
  g_mutex_unlock (&self->settings.lock);
}

/* Puts the session where other threads can steer it; what they set while it was being made is
 * handed over now. */
static void
install_session (GstT2vBase *self, zt_session *session, gchar *before[T2V_OPTION_COUNT])
{
  gchar *after[T2V_OPTION_COUNT];

  g_mutex_lock (&self->wait.lock);
  self->wait.session = session;
  self->wait.tags_due = TRUE;
  g_mutex_unlock (&self->wait.lock);

  runtime_texts (self, after);
  for (gint i = 0; i < T2V_OPTION_COUNT; i++) {
    zt_error error = ZT_ERROR_INIT;

    if (after[i] != NULL && g_strcmp0 (before[i], after[i]) != 0 &&
        t2v_stream_steer (self, i, after[i], &error) < 0)
      t2v_report_warning (self, &error);
    g_free (after[i]);
    g_free (before[i]);
  }
}

/* The options, and what this stream adds to them. Texts that the request borrows go into keep. */
static zt_status
make_request (GstT2vBase *self, zt_request *request, GPtrArray *keep, zt_error *error)
{
  T2vSrcStream *stream = &self->stream;
  zt_model_params params;
  zt_status status;

  stream->zt->model_params_init_sized (&params, sizeof (params));
  stream->zt->request_init_sized (request, sizeof (*request));
  g_mutex_lock (&self->settings.lock);
  status = t2v_options_apply (
      &self->settings.values.options, stream->zt, FALSE, &params, request, keep, error);
  g_mutex_unlock (&self->settings.lock);

  /* An endless clip has no beginning to count from: it goes on with a new one. */
  stream->base = stream->frames < 0 ? stream->next : 0;
  stream->session_next = stream->next;
  stream->timeout_us = request->timeout_us;
  stream->sei = request->sei;
  stream->metadata_prompt = request->metadata_prompt;
  request->width = GST_VIDEO_INFO_WIDTH (&stream->video);
  request->height = GST_VIDEO_INFO_HEIGHT (&stream->video);
  request->rate.num = GST_VIDEO_INFO_FPS_N (&stream->video);
  request->rate.den = GST_VIDEO_INFO_FPS_D (&stream->video);
  request->format = t2v_clip_pixel_format (GST_VIDEO_INFO_FORMAT (&stream->video));
  request->frames = stream->frames;
  request->duration_us = 0;
  request->start_frame = stream->next - stream->base;
  /* A random seed is drawn once: a seek must find the same clip. */
  if (request->seed == -1 && stream->seed >= 0)
    request->seed = stream->seed;
  return status;
}

static gboolean
create_session (GstT2vBase *self, const zt_image *images, guint count)
{
  T2vSrcStream *stream = &self->stream;
  const ZtEngine *zt = stream->zt;
  GPtrArray *keep = g_ptr_array_new_with_free_func (g_free);
  gchar *runtime[T2V_OPTION_COUNT];
  zt_error error = ZT_ERROR_INIT;
  zt_session *session = NULL;
  const zt_session_info *info;
  zt_request request;
  zt_status status;

  runtime_texts (self, runtime);
  status = make_request (self, &request, keep, &error);
  request.images = images;
  request.image_count = count;
  if (status >= 0)
    status = zt->session_create (stream->model, &request, &session, &error);
  g_ptr_array_unref (keep);
  if (status < 0) {
    for (gint i = 0; i < T2V_OPTION_COUNT; i++)
      g_free (runtime[i]);
    return t2v_stream_fail (self, &error);
  }
  install_session (self, session, runtime);
  info = zt->session_get_info (session);
  GST_INFO_OBJECT (self,
      "%dx%d at %d/%d, frames %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ", seed %" G_GINT64_FORMAT
      ", %d steps",
      info->width, info->height, info->rate.num, info->rate.den, stream->next,
      (gint64) info->frames, (gint64) info->seed, info->steps);
  t2v_progress_begin (&stream->progress, "generating");
  return TRUE;
}

/* With these pictures, mapped one after the other. */
static gboolean
create_session_with (GstT2vBase *self, const T2vPictures *pictures)
{
  zt_image *images = g_new (zt_image, pictures->count);
  GstVideoFrame *frames = g_new (GstVideoFrame, pictures->count);
  gboolean begun = FALSE;
  guint mapped = 0;
  zt_alpha alpha;

  /* Caps cannot say it: "auto" is straight. The words are the engine's, in its order. */
  g_mutex_lock (&self->settings.lock);
  alpha = (zt_alpha) g_value_get_enum (&self->settings.values.options.values[T2V_OPTION_alpha]);
  g_mutex_unlock (&self->settings.lock);
  while (mapped < pictures->count &&
         t2v_pictures_map (pictures, mapped, self->stream.zt, &frames[mapped], &images[mapped]))
    images[mapped++].alpha = alpha;
  if (mapped == pictures->count)
    begun = create_session (self, images, mapped);
  else
    GST_ELEMENT_ERROR (
        self, RESOURCE, READ, (NULL), ("input: expected a picture that can be read, got none"));
  while (mapped > 0)
    gst_video_frame_unmap (&frames[--mapped]);
  g_free (frames);
  g_free (images);
  return begun;
}

/* Once the pictures are there, where any are wanted. */
static GstFlowReturn
begin (GstT2vBase *self)
{
  T2vPictures pictures;
  GstFlowReturn flow = t2v_pictures_wait (self, &pictures);
  zt_error error = ZT_ERROR_INIT;

  if (flow == GST_FLOW_EOS) {
    error.status = ZT_ERROR_ARGUMENT;
    g_snprintf (error.message, sizeof (error.message),
        "%s: expected a "
        "picture, got none before its end",
        pictures.missing);
    t2v_stream_fail (self, &error);
    return GST_FLOW_ERROR;
  }
  if (flow == GST_FLOW_OK && !t2v_stream_has_prompt (self) &&
      (flow = t2v_text_wait_first (self)) == GST_FLOW_EOS) {
    error.status = ZT_ERROR_PROMPT;
    g_strlcpy (error.message,
        "text: expected a prompt, got none before its "
        "end",
        sizeof (error.message));
    t2v_stream_fail (self, &error);
    flow = GST_FLOW_ERROR;
  }
  if (flow == GST_FLOW_OK && !create_session_with (self, &pictures))
    flow = GST_FLOW_ERROR;
  t2v_pictures_clear (&pictures);
  return flow;
}

/* After a seek: whether the running generation still leads there, and how far on. */
static void
find_position (GstT2vBase *self)
{
  T2vSrcStream *stream = &self->stream;

  if (!GST_CLOCK_TIME_IS_VALID (stream->seek))
    return;
  stream->next = t2v_clip_frame_at (
      stream->seek, GST_VIDEO_INFO_FPS_N (&stream->video), GST_VIDEO_INFO_FPS_D (&stream->video));
  stream->seek = GST_CLOCK_TIME_NONE;
  stream->next_sei_second = 0;
  if (stream->next < stream->session_next)
    t2v_stream_drop (self);
}

static void
show_progress (GstT2vBase *self, gint64 waited_us)
{
  zt_progress now = { .struct_size = sizeof (now) };

  if (waited_us >= PROGRESS_AFTER_US)
    t2v_progress_begin (&self->stream.progress, "waiting for frames");
  if (self->stream.progress.open &&
      self->stream.zt->session_get_progress (self->wait.session, &now) >= 0)
    t2v_progress_update (&self->stream.progress, &now);
}

/* One frame from the running generation, or why there is none. */
static GstFlowReturn
read_frame (GstT2vBase *self, zt_frame **frame)
{
  T2vSrcStream *stream = &self->stream;
  gint64 began = g_get_monotonic_time ();
  zt_error error = ZT_ERROR_INIT;
  zt_status status = ZT_AGAIN;

  while (status == ZT_AGAIN) {
    gint64 waited = g_get_monotonic_time () - began;
    gboolean flushing;

    g_mutex_lock (&self->wait.lock);
    flushing = self->wait.flushing;
    g_mutex_unlock (&self->wait.lock);
    if (flushing) {
      status = ZT_ERROR_CANCELLED;
      break;
    }
    if (stream->timeout_us > 0 && waited > stream->timeout_us) {
      error.status = ZT_AGAIN;
      g_snprintf (error.message, sizeof (error.message),
          "timeout: expected a "
          "frame within %" G_GINT64_FORMAT " ms, got none",
          stream->timeout_us / 1000);
      break;
    }
    show_progress (self, waited);
    status = stream->zt->session_read (self->wait.session, WAIT_SLICE_US, frame, &error);
  }

  if (status == ZT_OK) {
    t2v_progress_end (&stream->progress, GST_PROGRESS_TYPE_COMPLETE, "ready");
    return GST_FLOW_OK;
  }
  if (status == ZT_END) {
    t2v_progress_end (&stream->progress, GST_PROGRESS_TYPE_COMPLETE, "done");
    t2v_stream_drop (self);
    return GST_FLOW_EOS;
  }
  if (status == ZT_ERROR_CANCELLED) {
    t2v_progress_end (&stream->progress, GST_PROGRESS_TYPE_CANCELED, "stopped");
    return GST_FLOW_FLUSHING;
  }
  t2v_stream_fail (self, &error);
  return GST_FLOW_ERROR;
}

GstFlowReturn
t2v_stream_next (GstT2vBase *self, zt_frame **frame)
{
  T2vSrcStream *stream = &self->stream;
  GstFlowReturn flow;

  find_position (self);
  if (stream->frames >= 0 && stream->next >= stream->frames)
    return GST_FLOW_EOS;
  if (self->wait.session == NULL && (flow = begin (self)) != GST_FLOW_OK)
    return flow;

  /* A seek forward passes over what lies between. */
  while ((flow = read_frame (self, frame)) == GST_FLOW_OK) {
    const zt_frame_info *info = stream->zt->frame_get_info (*frame);

    stream->session_next = stream->base + info->pts + 1;
    if (stream->base + info->pts >= stream->next)
      break;
    stream->zt->frame_unref (frame);
  }
  return flow;
}
