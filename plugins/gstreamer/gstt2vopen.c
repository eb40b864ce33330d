/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vopen.c - a model opened and closed
 *
 * The model is opened at the start, which settles the length: a discoverer need not wait for the
 * first frame. What does not belong together is refused here, before anything flows.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "gstt2vbase.h"

#define GST_CAT_DEFAULT zoetrope_debug

static void
log_message (void *opaque, zt_log_level level, const char *message)
{
  static const GstDebugLevel levels[] = { GST_LEVEL_NONE, GST_LEVEL_ERROR, GST_LEVEL_WARNING,
    GST_LEVEL_INFO, GST_LEVEL_DEBUG, GST_LEVEL_LOG };

  if (level >= ZT_LOG_ERROR && level <= ZT_LOG_DEBUG)
    GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT, levels[level], NULL, "%s", message);
}

gboolean
t2v_stream_fail (GstT2vBase *self, const zt_error *error)
{
  t2v_progress_end (&self->stream.progress, GST_PROGRESS_TYPE_ERROR, error->message);
  t2v_report_error (self, error);
  return FALSE;
}

static gint
count_prompts (GstT2vBase *self)
{
  static const T2vOption sources[] = { T2V_OPTION_prompt, T2V_OPTION_prompt_file,
    T2V_OPTION_storyboard };
  gint count = 0;

  g_mutex_lock (&self->settings.lock);
  for (guint i = 0; i < G_N_ELEMENTS (sources); i++)
    count += t2v_options_string (&self->settings.values.options, sources[i]) != NULL;
  g_mutex_unlock (&self->settings.lock);
  return count;
}

gboolean
t2v_stream_has_prompt (GstT2vBase *self)
{
  return count_prompts (self) > 0;
}

/* Where there is none it may still come in as text. */
static gboolean
check_prompt (GstT2vBase *self)
{
  zt_error error = ZT_ERROR_INIT;
  gint count = count_prompts (self);
  gboolean texts;

  g_mutex_lock (&self->wait.lock);
  texts = self->wait.texts_wanted;
  self->wait.prompt_set = count > 0;
  g_mutex_unlock (&self->wait.lock);
  if (count == 1 || (count == 0 && texts))
    return TRUE;

  error.status = ZT_ERROR_PROMPT;
  g_snprintf (error.message, sizeof (error.message),
      "prompt: expected one of "
      "prompt, prompt-file, storyboard, got %s",
      count ? "several" : "none");
  return t2v_stream_fail (self, &error);
}

/* The length at num/den; also whether a link may ask for it. */
static gboolean
find_length (GstT2vBase *self, gint num, gint den, gint64 *frames)
{
  zt_error error = ZT_ERROR_INIT;
  gboolean from_link;

  g_mutex_lock (&self->settings.lock);
  from_link = self->settings.link_length;
  t2v_clip_length (
      self->stream.zt, self->stream.model, &self->settings.values, num, den, frames, &error);
  g_mutex_unlock (&self->settings.lock);
  if (error.status < 0)
    return t2v_stream_fail (self, &error);

  if (from_link && (*frames < 0 || t2v_clip_frame_time (*frames, num, den) >
                                       T2V_LINK_MAX_SECONDS * GST_SECOND)) {
    error.status = ZT_ERROR_ARGUMENT;
    g_snprintf (error.message, sizeof (error.message),
        "t2v: frames: expected "
        "at most %d s in a link, got %" G_GINT64_FORMAT " frames at %d/%d; "
        "set the property instead",
        T2V_LINK_MAX_SECONDS, *frames, num, den);
    return t2v_stream_fail (self, &error);
  }
  return TRUE;
}

/* A link names a built-in model. The engine takes a name it does not know for a path, and which it
 * knows it does not tell, so a name that is also a file here is not handed to it. */
static zt_status
check_link_model (const T2vSrcSettings *settings, zt_error *error)
{
  gchar *name = t2v_options_text (&settings->values.options, T2V_OPTION_model);

  if (settings->link_model && name != NULL && g_file_test (name, G_FILE_TEST_EXISTS)) {
    error->status = ZT_ERROR_ARGUMENT;
    g_snprintf (error->message, sizeof (error->message),
        "t2v: expected a "
        "built-in model in a link, got \"model=%s\", which is a file here; "
        "set the property instead",
        name);
  }
  g_free (name);
  return error->status;
}

static gboolean
open_model (GstT2vBase *self, zt_model **model)
{
  const ZtEngine *zt = self->stream.zt;
  GPtrArray *keep = g_ptr_array_new_with_free_func (g_free);
  zt_error error = ZT_ERROR_INIT;
  zt_model_params params;
  zt_request request;
  zt_status status;

  zt->model_params_init_sized (&params, sizeof (params));
  zt->request_init_sized (&request, sizeof (request));
  params.log = log_message;
  params.with_picture = t2v_input_is_wanted (self, T2V_INPUT_FIRST);

  g_mutex_lock (&self->settings.lock);
  status = check_link_model (&self->settings, &error);
  if (status >= 0)
    status = t2v_options_apply (
        &self->settings.values.options, zt, TRUE, &params, &request, keep, &error);
  /* Only to hear early of an option that cannot be. */
  if (status >= 0)
    status = t2v_options_apply (
        &self->settings.values.options, zt, FALSE, &params, &request, keep, &error);
  g_mutex_unlock (&self->settings.lock);
  if (status >= 0)
    status = zt->model_open (&params, model, &error);
  g_ptr_array_unref (keep);
  return status >= 0 || t2v_stream_fail (self, &error);
}

/* Lengths are known before the first frame, so that a discoverer need not wait for it. */
static void
publish_length (GstT2vBase *self, gint num, gint den, gint64 frames)
{
  GstBaseSrc *base = GST_BASE_SRC (self);
  gint64 duration =
      frames < 0 || t2v_extend_is_on (self) ? -1 : (gint64) t2v_clip_frame_time (frames, num, den);
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
    gst_element_post_message (
        GST_ELEMENT (self), gst_message_new_duration_changed (GST_OBJECT (self)));
}

gboolean
t2v_stream_set_rate (GstT2vBase *self, gint num, gint den)
{
  gint64 frames;

  if (!find_length (self, num, den, &frames))
    return FALSE;
  publish_length (self, num, den, frames);
  return TRUE;
}

/* The hints hold until caps are negotiated. */
static gboolean
follow_hints (GstT2vBase *self, const zt_model_info *info)
{
  zt_error error = ZT_ERROR_INIT;
  zt_status status = t2v_extend_settle (self, info, &error);
  gint num, den;

  if (status >= 0)
    status = t2v_picture_check (self, info, &error);
  g_mutex_lock (&self->settings.lock);
  if (status >= 0)
    t2v_clip_check_hints (info, &self->settings.values, &error);
  num = self->settings.values.rate_num;
  den = self->settings.values.rate_den;
  g_mutex_unlock (&self->settings.lock);
  if (error.status < 0)
    return t2v_stream_fail (self, &error);
  if (num == 0) {
    num = info->rates[0].num;
    den = info->rates[0].den;
  }
  return t2v_stream_set_rate (self, num, den);
}

gboolean
t2v_stream_start (GstT2vBase *self)
{
  T2vSrcStream *stream = &self->stream;
  const char *sentence = NULL;
  const zt_model_info *info;
  zt_model *model = NULL;

  t2v_picture_forget_all (self);
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
  GST_INFO_OBJECT (self, "model %s on %s in %s, %" G_GINT64_FORMAT " frames, LibTorch: %s",
      info->name, info->device, info->precision, stream->frames, zt_loader_isolation ());
  return TRUE;
}

/* Back to before the start; the lock and the progress report stay. */
static void
reset (T2vSrcStream *stream)
{
  gst_video_info_init (&stream->video);
  stream->frames = 0;
  stream->next = stream->base = stream->session_next = 0;
  stream->seek = GST_CLOCK_TIME_NONE;
  stream->seed = -1;
  stream->next_sei_second = 0;
  stream->prompt_sha256[0] = 0;
  stream->prompt_from_text = FALSE;
  memset (&stream->live, 0, sizeof (stream->live));
}

void
t2v_stream_stop (GstT2vBase *self)
{
  T2vSrcStream *stream = &self->stream;
  zt_model *model;
  GstCaps *caps;

  t2v_progress_end (&stream->progress, GST_PROGRESS_TYPE_CANCELED, "stopped");
  t2v_stream_drop (self);
  t2v_picture_forget_all (self);
  t2v_extend_forget (self);
  t2v_text_forget (self);
  if (stream->prompt_from_text) {
    g_mutex_lock (&self->settings.lock);
    t2v_options_reset (&self->settings.values.options, T2V_OPTION_prompt);
    g_mutex_unlock (&self->settings.lock);
  }

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
t2v_stream_init (GstT2vBase *self)
{
  g_mutex_init (&self->stream.lock);
  g_mutex_init (&self->wait.lock);
  g_cond_init (&self->wait.changed);
  self->stream.progress.element = GST_ELEMENT (self);
  reset (&self->stream);
}

void
t2v_stream_finalize (GstT2vBase *self)
{
  t2v_picture_forget_all (self);
  t2v_extend_forget (self);
  t2v_text_forget (self);
  g_mutex_clear (&self->stream.lock);
  g_cond_clear (&self->wait.changed);
  g_mutex_clear (&self->wait.lock);
}
