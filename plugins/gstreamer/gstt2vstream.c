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
#define WAIT_SLICE_US (20 * G_TIME_SPAN_MILLISECOND)
/* After the first frames, a shorter wait is not worth a progress message. */
#define PROGRESS_AFTER_US G_TIME_SPAN_SECOND

static void
log_message (void *opaque, zt_log_level level, const char *message)
{
  static const GstDebugLevel levels[] = {
    GST_LEVEL_NONE, GST_LEVEL_ERROR, GST_LEVEL_WARNING, GST_LEVEL_INFO,
    GST_LEVEL_DEBUG, GST_LEVEL_LOG
  };

  if (level >= ZT_LOG_ERROR && level <= ZT_LOG_DEBUG)
    GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT, levels[level], NULL, "%s", message);
}

/* ---- Model ------------------------------------------------------------------------------------ */

static gboolean
fail (GstT2vBase * self, const zt_error * error)
{
  t2v_progress_end (&self->stream.progress, GST_PROGRESS_TYPE_ERROR,
      error->message);
  t2v_report_error (self, error);
  return FALSE;
}

static gboolean
check_prompt (GstT2vBase * self)
{
  static const T2vOption sources[] = {
    T2V_OPTION_prompt, T2V_OPTION_prompt_file, T2V_OPTION_storyboard
  };
  zt_error error = ZT_ERROR_INIT;
  gint count = 0;

  g_mutex_lock (&self->settings.lock);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    count += t2v_options_string (&self->settings.values.options,
        sources[i]) != NULL;
  g_mutex_unlock (&self->settings.lock);
  if (count == 1)
    return TRUE;

  error.status = ZT_ERROR_PROMPT;
  g_snprintf (error.message, sizeof (error.message), "prompt: expected one of "
      "prompt, prompt-file, storyboard, got %s", count ? "several" : "none");
  return fail (self, &error);
}

/* The length at num/den; also whether a link may ask for it. */
static gboolean
find_length (GstT2vBase * self, gint num, gint den, gint64 * frames)
{
  zt_error error = ZT_ERROR_INIT;
  gboolean from_link;

  g_mutex_lock (&self->settings.lock);
  from_link = self->settings.link_length;
  t2v_clip_length (self->stream.zt, self->stream.model, &self->settings.values,
      num, den, frames, &error);
  g_mutex_unlock (&self->settings.lock);
  if (error.status < 0)
    return fail (self, &error);

  if (from_link && (*frames < 0 || t2v_clip_frame_time (*frames, num, den)
          > T2V_LINK_MAX_SECONDS * GST_SECOND)) {
    error.status = ZT_ERROR_ARGUMENT;
    g_snprintf (error.message, sizeof (error.message), "t2v: frames: expected "
        "at most %d s in a link, got %" G_GINT64_FORMAT " frames at %d/%d; "
        "set the property instead", T2V_LINK_MAX_SECONDS, *frames, num, den);
    return fail (self, &error);
  }
  return TRUE;
}

/* A link names a built-in model. The engine takes a name it does not know for a path, so a name
 * that is also a file here is not handed to it. */
static zt_status
check_link_model (const T2vSrcSettings * settings, zt_error * error)
{
  gchar *name = t2v_options_text (&settings->values.options, T2V_OPTION_model);

  if (settings->link_model && name != NULL
      && g_strcmp0 (name, t2v_option_info (T2V_OPTION_model)->default_text)
      && g_file_test (name, G_FILE_TEST_EXISTS)) {
    error->status = ZT_ERROR_ARGUMENT;
    g_snprintf (error->message, sizeof (error->message), "t2v: expected a "
        "built-in model in a link, got \"model=%s\", which is a file here; "
        "set the property instead", name);
  }
  g_free (name);
  return error->status;
}

static gboolean
open_model (GstT2vBase * self, zt_model ** model)
{
  const ZtEngine *zt = self->stream.zt;
  GPtrArray *keep = g_ptr_array_new_with_free_func (g_free);
  zt_error error = ZT_ERROR_INIT;
  zt_model_params params;
  zt_request request;
  zt_status status;

  zt->model_params_init (&params);
  zt->request_init (&request);
  params.log = log_message;

  g_mutex_lock (&self->settings.lock);
  status = check_link_model (&self->settings, &error);
  if (status >= 0)
    status = t2v_options_apply (&self->settings.values.options, zt, TRUE,
        &params, &request, keep, &error);
  /* Only to hear early of an option that cannot be. */
  if (status >= 0)
    status = t2v_options_apply (&self->settings.values.options, zt, FALSE,
        &params, &request, keep, &error);
  g_mutex_unlock (&self->settings.lock);
  if (status >= 0)
    status = zt->model_open (&params, model, &error);
  g_ptr_array_unref (keep);
  return status >= 0 || fail (self, &error);
}

/* Lengths are known before the first frame, so that a discoverer need not wait for it. */
static void
publish_length (GstT2vBase * self, gint num, gint den, gint64 frames)
{
  GstBaseSrc *base = GST_BASE_SRC (self);
  gint64 duration = frames < 0 ? -1 :
      (gint64) t2v_clip_frame_time (frames, num, den);
  gboolean changed;

  g_mutex_lock (&self->stream.lock);
  self->stream.rate_num = num;
  self->stream.rate_den = den;
  self->stream.frames = frames;
  g_mutex_unlock (&self->stream.lock);

  GST_OBJECT_LOCK (base);
  changed = (gint64) base->segment.duration != duration;
  base->segment.duration = duration;
  GST_OBJECT_UNLOCK (base);
  if (changed)
    gst_element_post_message (GST_ELEMENT (self),
        gst_message_new_duration_changed (GST_OBJECT (self)));
}

gboolean
t2v_stream_set_rate (GstT2vBase * self, gint num, gint den)
{
  gint64 frames;

  if (!find_length (self, num, den, &frames))
    return FALSE;
  publish_length (self, num, den, frames);
  return TRUE;
}

/* The hints hold until caps are negotiated. */
static gboolean
follow_hints (GstT2vBase * self, const zt_model_info * info)
{
  zt_error error = ZT_ERROR_INIT;
  gint num, den;

  g_mutex_lock (&self->settings.lock);
  if (t2v_picture_check (self, info, &error) >= 0)
    t2v_clip_check_hints (info, &self->settings.values, &error);
  num = self->settings.values.rate_num;
  den = self->settings.values.rate_den;
  g_mutex_unlock (&self->settings.lock);
  if (error.status < 0)
    return fail (self, &error);
  if (num == 0) {
    num = info->rates[0].num;
    den = info->rates[0].den;
  }
  return t2v_stream_set_rate (self, num, den);
}

gboolean
t2v_stream_start (GstT2vBase * self)
{
  T2vSrcStream *stream = &self->stream;
  const char *sentence = NULL;
  const zt_model_info *info;
  zt_model *model = NULL;

  t2v_picture_forget (self);
  if (!check_prompt (self))
    return FALSE;
  stream->zt = zt_loader_get (&sentence);
  if (stream->zt == NULL) {
    GST_ELEMENT_ERROR (self, LIBRARY, INIT, ("%s", sentence), (NULL));
    return FALSE;
  }
  if (!open_model (self, &model))
    return FALSE;
  info = stream->zt->model_get_info (model);

  g_mutex_lock (&stream->lock);
  stream->model = model;
  stream->caps = t2v_clip_model_caps (info);
  g_mutex_unlock (&stream->lock);

  if (!follow_hints (self, info)) {
    t2v_stream_stop (self);
    return FALSE;
  }
  GST_INFO_OBJECT (self, "model %s on %s in %s, %" G_GINT64_FORMAT
      " frames, LibTorch: %s", info->name, info->device, info->precision,
      stream->frames, zt_loader_isolation ());
  return TRUE;
}

void
t2v_stream_drop_picture (GstT2vBase * self)
{
  t2v_picture_forget (self);
  t2v_stream_drop (self);
  self->stream.next = self->stream.session_next = 0;
  self->stream.seek = GST_CLOCK_TIME_NONE;
  self->stream.next_sei_second = 0;
}

/* ---- Generation ------------------------------------------------------------------------------- */

void
t2v_stream_drop (GstT2vBase * self)
{
  zt_session *session;

  g_mutex_lock (&self->wait.lock);
  session = self->wait.session;
  self->wait.session = NULL;
  g_mutex_unlock (&self->wait.lock);
  if (session != NULL)
    self->stream.zt->session_destroy (&session);
}

/* Back to before the start; the lock and the progress report stay. */
static void
reset (T2vSrcStream * stream)
{
  gst_video_info_init (&stream->video);
  stream->frames = 0;
  stream->next = stream->base = stream->session_next = 0;
  stream->seek = GST_CLOCK_TIME_NONE;
  stream->seed = -1;
  stream->next_sei_second = 0;
  stream->prompt_sha256[0] = 0;
}

void
t2v_stream_stop (GstT2vBase * self)
{
  T2vSrcStream *stream = &self->stream;
  zt_model *model;
  GstCaps *caps;

  t2v_progress_end (&stream->progress, GST_PROGRESS_TYPE_CANCELED, "stopped");
  t2v_stream_drop (self);
  t2v_picture_forget (self);

  g_mutex_lock (&stream->lock);
  model = stream->model;
  caps = stream->caps;
  stream->model = NULL;
  stream->caps = NULL;
  reset (stream);
  g_mutex_unlock (&stream->lock);
  gst_clear_caps (&caps);
  if (model != NULL)
    stream->zt->model_unref (&model);
}

void
t2v_stream_cancel (GstT2vBase * self)
{
  g_mutex_lock (&self->wait.lock);
  if (self->wait.session != NULL)
    self->stream.zt->session_cancel (self->wait.session);
  g_mutex_unlock (&self->wait.lock);
}

static zt_status
steer_locked (GstT2vBase * self, T2vOption option, const gchar * text,
    zt_error * error)
{
  const ZtEngine *zt = self->stream.zt;
  zt_session *session = self->wait.session;
  int64_t first = 0;
  zt_status status;

  if (session == NULL)
    return ZT_AGAIN;
  status = option == T2V_OPTION_prompt
      ? zt->session_set_prompt (session, text, &first, error)
      : zt->session_set_option (session, t2v_option_info (option)->name, text,
      &first, error);
  if (status >= 0)
    GST_DEBUG_OBJECT (self, "%s changes at frame %" G_GINT64_FORMAT,
        t2v_option_info (option)->name, (gint64) first);
  return status;
}

zt_status
t2v_stream_steer (GstT2vBase * self, T2vOption option, const gchar * text,
    zt_error * error)
{
  zt_status status;

  g_mutex_lock (&self->wait.lock);
  status = steer_locked (self, option, text, error);
  g_mutex_unlock (&self->wait.lock);
  return status;
}

/* Texts of the run-time options, NULL where unset. */
static void
runtime_texts (GstT2vBase * self, gchar * texts[T2V_OPTION_COUNT])
{
  g_mutex_lock (&self->settings.lock);
  for (gint i = 0; i < T2V_OPTION_COUNT; i++)
    texts[i] = t2v_option_info (i)->flags & ZT_OPTION_RUNTIME
        ? t2v_options_text (&self->settings.values.options, i) : NULL;
  g_mutex_unlock (&self->settings.lock);
}

/* Puts the session where other threads can steer it; what they set while it was being made is
 * handed over now. */
static void
install_session (GstT2vBase * self, zt_session * session,
    gchar * before[T2V_OPTION_COUNT])
{
  gchar *after[T2V_OPTION_COUNT];

  g_mutex_lock (&self->wait.lock);
  self->wait.session = session;
  self->wait.tags_due = TRUE;
  g_mutex_unlock (&self->wait.lock);

  runtime_texts (self, after);
  for (gint i = 0; i < T2V_OPTION_COUNT; i++) {
    zt_error error = ZT_ERROR_INIT;

    if (after[i] != NULL && g_strcmp0 (before[i], after[i]) != 0
        && t2v_stream_steer (self, i, after[i], &error) < 0)
      t2v_report_warning (self, &error);
    g_free (after[i]);
    g_free (before[i]);
  }
}

/* picture may be NULL; it is only borrowed. */
static gboolean
create_session (GstT2vBase * self, GstVideoFrame * picture)
{
  T2vSrcStream *stream = &self->stream;
  const ZtEngine *zt = stream->zt;
  GPtrArray *keep = g_ptr_array_new_with_free_func (g_free);
  gchar *runtime[T2V_OPTION_COUNT];
  zt_error error = ZT_ERROR_INIT;
  zt_session *session = NULL;
  const zt_session_info *info;
  zt_model_params params;
  zt_request request;
  zt_status status;
  zt_image image;

  zt->model_params_init (&params);
  zt->request_init (&request);
  runtime_texts (self, runtime);
  g_mutex_lock (&self->settings.lock);
  status = t2v_options_apply (&self->settings.values.options, zt, FALSE,
      &params, &request, keep, &error);
  g_mutex_unlock (&self->settings.lock);

  /* An endless clip has no beginning to count from: it goes on with a new one. */
  stream->base = stream->frames < 0 ? stream->next : 0;
  stream->session_next = stream->next;
  stream->timeout_us = request.timeout_us;
  stream->sei = request.sei;
  stream->metadata_prompt = request.metadata_prompt;
  request.width = GST_VIDEO_INFO_WIDTH (&stream->video);
  request.height = GST_VIDEO_INFO_HEIGHT (&stream->video);
  request.rate.num = GST_VIDEO_INFO_FPS_N (&stream->video);
  request.rate.den = GST_VIDEO_INFO_FPS_D (&stream->video);
  request.format =
      t2v_clip_pixel_format (GST_VIDEO_INFO_FORMAT (&stream->video));
  request.frames = stream->frames;
  request.duration_us = 0;
  request.start_frame = stream->next - stream->base;
  /* A random seed is drawn once: a seek must find the same clip. */
  if (request.seed == -1 && stream->seed >= 0)
    request.seed = stream->seed;

  if (picture != NULL) {
    t2v_picture_describe (zt, picture, &image);
    request.images = &image;
    request.image_count = 1;
  }
  if (status >= 0)
    status = zt->session_create (stream->model, &request, &session, &error);
  g_ptr_array_unref (keep);
  if (status < 0) {
    for (gint i = 0; i < T2V_OPTION_COUNT; i++)
      g_free (runtime[i]);
    return fail (self, &error);
  }
  install_session (self, session, runtime);
  info = zt->session_get_info (session);
  GST_INFO_OBJECT (self, "%dx%d at %d/%d, frames %" G_GINT64_FORMAT " to %"
      G_GINT64_FORMAT ", seed %" G_GINT64_FORMAT ", %d steps", info->width,
      info->height, info->rate.num, info->rate.den, stream->next,
      (gint64) info->frames, (gint64) info->seed, info->steps);
  t2v_progress_begin (&stream->progress, "generating");
  return TRUE;
}

/* Once the picture is there, where one is wanted. */
static GstFlowReturn
begin (GstT2vBase * self)
{
  GstBuffer *picture;
  GstVideoInfo info;
  GstVideoFrame frame;
  GstFlowReturn flow = t2v_picture_wait (self, &picture, &info);
  zt_error error = ZT_ERROR_INIT;
  gboolean begun;

  if (flow == GST_FLOW_EOS) {
    error.status = ZT_ERROR_ARGUMENT;
    g_strlcpy (error.message, "input: expected a picture, got none before its "
        "end", sizeof (error.message));
    fail (self, &error);
    return GST_FLOW_ERROR;
  }
  if (flow != GST_FLOW_OK)
    return flow;
  if (picture == NULL)
    return create_session (self, NULL) ? GST_FLOW_OK : GST_FLOW_ERROR;
  if (!gst_video_frame_map (&frame, &info, picture, GST_MAP_READ)) {
    GST_ELEMENT_ERROR (self, RESOURCE, READ, (NULL),
        ("input: expected a picture that can be read, got none"));
    gst_buffer_unref (picture);
    return GST_FLOW_ERROR;
  }
  begun = create_session (self, &frame);
  gst_video_frame_unmap (&frame);
  gst_buffer_unref (picture);
  return begun ? GST_FLOW_OK : GST_FLOW_ERROR;
}

/* After a seek: whether the running generation still leads there, and how far on. */
static void
find_position (GstT2vBase * self)
{
  T2vSrcStream *stream = &self->stream;

  if (!GST_CLOCK_TIME_IS_VALID (stream->seek))
    return;
  stream->next = t2v_clip_frame_at (stream->seek,
      GST_VIDEO_INFO_FPS_N (&stream->video),
      GST_VIDEO_INFO_FPS_D (&stream->video));
  stream->seek = GST_CLOCK_TIME_NONE;
  stream->next_sei_second = 0;
  if (stream->next < stream->session_next)
    t2v_stream_drop (self);
}

static void
show_progress (GstT2vBase * self, gint64 waited_us)
{
  zt_progress now = {.struct_size = sizeof (now) };

  if (waited_us >= PROGRESS_AFTER_US)
    t2v_progress_begin (&self->stream.progress, "waiting for frames");
  if (self->stream.progress.open
      && self->stream.zt->session_get_progress (self->wait.session, &now) >= 0)
    t2v_progress_update (&self->stream.progress, &now);
}

/* One frame from the running generation, or why there is none. */
static GstFlowReturn
read_frame (GstT2vBase * self, zt_frame ** frame)
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
      g_snprintf (error.message, sizeof (error.message), "timeout: expected a "
          "frame within %" G_GINT64_FORMAT " ms, got none",
          stream->timeout_us / 1000);
      break;
    }
    show_progress (self, waited);
    status = stream->zt->session_read (self->wait.session, WAIT_SLICE_US,
        frame, &error);
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
  fail (self, &error);
  return GST_FLOW_ERROR;
}

GstFlowReturn
t2v_stream_next (GstT2vBase * self, zt_frame ** frame)
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

void
t2v_stream_init (GstT2vBase * self)
{
  g_mutex_init (&self->stream.lock);
  g_mutex_init (&self->wait.lock);
  g_cond_init (&self->wait.changed);
  self->stream.progress.element = GST_ELEMENT (self);
  reset (&self->stream);
}

void
t2v_stream_finalize (GstT2vBase * self)
{
  g_mutex_clear (&self->stream.lock);
  gst_clear_buffer (&self->wait.picture);
  g_cond_clear (&self->wait.changed);
  g_mutex_clear (&self->wait.lock);
}
