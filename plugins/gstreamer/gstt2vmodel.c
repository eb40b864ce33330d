/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vmodel.c - see gstt2vmodel.h
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vclip.h"
#include "gstt2vmodel.h"

#define GST_CAT_DEFAULT zoetrope_debug

struct _T2vModel {
  GstBaseSrc *element;
  T2vProperties *properties;
  T2vProgress *progress;
  const ZtEngine *zt; /* mapped once, then never changes */

  /* Written by start, stop and the streaming thread with the lock; read by others with it. */
  GMutex lock;
  zt_model *model;
  GstCaps *caps;           /* what comes out */
  gint rate_num, rate_den; /* negotiated, else the likely one */
  gint64 frames;           /* length of the clip, -1 = endless */
};

T2vModel *
t2v_model_new (GstBaseSrc *element, T2vProperties *properties, T2vProgress *progress)
{
  T2vModel *model = g_new0 (T2vModel, 1);

  g_mutex_init (&model->lock);
  model->element = element;
  model->properties = properties;
  model->progress = progress;
  return model;
}

void
t2v_model_free (T2vModel *model)
{
  g_mutex_clear (&model->lock);
  g_free (model);
}

static void
log_message (void *opaque, zt_log_level level, const char *message)
{
  static const GstDebugLevel levels[] = { GST_LEVEL_NONE, GST_LEVEL_ERROR, GST_LEVEL_WARNING,
    GST_LEVEL_INFO, GST_LEVEL_DEBUG, GST_LEVEL_LOG };

  if (level >= ZT_LOG_ERROR && level <= ZT_LOG_DEBUG)
    GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT, levels[level], NULL, "%s", message);
}

/* A link names a built-in model. The engine takes a name it does not know for a path, and which it
 * knows it does not tell, so a name that is also a file here is not handed to it. */
static zt_status
check_link_model (T2vProperties *properties, zt_error *error)
{
  gchar *name = t2v_options_text (&t2v_properties_lock (properties)->options, T2V_OPTION_model);

  t2v_properties_unlock (properties);
  if (t2v_properties_link_holds (properties, T2V_OPTION_model) && name != NULL &&
      g_file_test (name, G_FILE_TEST_EXISTS)) {
    error->status = ZT_ERROR_ARGUMENT;
    g_snprintf (error->message, sizeof (error->message),
        "t2v: model: expected a "
        "built-in model in a link, got \"%s\", which is a file here; "
        "set the property instead",
        name);
  }
  g_free (name);
  return error->status;
}

static zt_status
open_model (T2vModel *model, gboolean with_picture, zt_model **opened, zt_error *error)
{
  const ZtEngine *zt = model->zt;
  GPtrArray *keep = g_ptr_array_new_with_free_func (g_free);
  const T2vSettings *settings;
  zt_model_params params;
  zt_request request;
  zt_status status = check_link_model (model->properties, error);

  zt->model_params_init_sized (&params, sizeof (params));
  zt->request_init_sized (&request, sizeof (request));
  params.log = log_message;
  params.with_picture = with_picture;

  settings = t2v_properties_lock (model->properties);
  if (status >= 0)
    status = t2v_options_apply (&settings->options, zt, TRUE, &params, &request, keep, error);
  /* Only to hear early of an option that cannot be. */
  if (status >= 0)
    status = t2v_options_apply (&settings->options, zt, FALSE, &params, &request, keep, error);
  t2v_properties_unlock (model->properties);
  if (status >= 0)
    status = zt->model_open (&params, opened, error);
  g_ptr_array_unref (keep);
  return status;
}

gboolean
t2v_model_open (T2vModel *model, gboolean with_picture)
{
  zt_error error = ZT_ERROR_INIT;
  const char *sentence = NULL;
  gboolean cutout = t2v_properties_cutout (model->properties);
  const zt_model_info *info;
  zt_model *opened = NULL;

  model->zt = zt_loader_get (&sentence);
  if (model->zt == NULL) {
    GST_ELEMENT_ERROR (model->element, LIBRARY, INIT, ("%s", sentence), (NULL));
    return FALSE;
  }
  if (open_model (model, with_picture, &opened, &error) < 0)
    return t2v_progress_fail (model->progress, &error);
  info = model->zt->model_get_info (opened);
  g_mutex_lock (&model->lock);
  model->model = opened;
  model->caps = t2v_clip_model_caps (info, cutout);
  g_mutex_unlock (&model->lock);
  GST_INFO_OBJECT (model->element, "model %s on %s in %s, LibTorch: %s", info->name, info->device,
      info->precision, zt_loader_isolation ());
  return TRUE;
}

void
t2v_model_close (T2vModel *model)
{
  zt_model *opened;
  GstCaps *caps;

  g_mutex_lock (&model->lock);
  opened = model->model;
  caps = model->caps;
  model->model = NULL;
  model->caps = NULL;
  model->frames = 0;
  g_mutex_unlock (&model->lock);
  gst_clear_caps (&caps);
  if (opened != NULL)
    model->zt->model_unref (&opened);
}

const ZtEngine *
t2v_model_engine (const T2vModel *model)
{
  return model->zt;
}

zt_model *
t2v_model_handle (const T2vModel *model)
{
  return model->model;
}

const zt_model_info *
t2v_model_info (const T2vModel *model)
{
  return model->zt->model_get_info (model->model);
}

/* Lengths are known before the first frame, so that a discoverer need not wait for it. */
static void
publish_length (T2vModel *model, gint num, gint den, gint64 frames, gint64 duration)
{
  GstBaseSrc *base = model->element;
  gboolean changed;

  g_mutex_lock (&model->lock);
  model->rate_num = num;
  model->rate_den = den;
  model->frames = frames;
  g_mutex_unlock (&model->lock);

  GST_OBJECT_LOCK (base);
  changed = (gint64) base->segment.duration != duration;
  base->segment.duration = duration;
  GST_OBJECT_UNLOCK (base);
  if (changed)
    gst_element_post_message (
        GST_ELEMENT (base), gst_message_new_duration_changed (GST_OBJECT (base)));
}

/* Nobody means less than a microsecond; somebody who forgot that the unit is nanoseconds does. */
static zt_status
check_unit (const T2vOptions *options, zt_error *error)
{
  gint64 duration = t2v_options_int64 (options, T2V_OPTION_duration);

  if (duration <= 0 || duration >= 1000)
    return ZT_OK;
  error->status = ZT_ERROR_ARGUMENT;
  g_snprintf (error->message, sizeof (error->message),
      "duration: expected -1, 0 or at least 1000 ns, got %" G_GINT64_FORMAT " ns", duration);
  return error->status;
}

static zt_status
ask_engine (T2vModel *model, const T2vClip *clip, zt_session_info *planned, zt_error *error)
{
  const ZtEngine *zt = model->zt;
  GPtrArray *keep = g_ptr_array_new_with_free_func (g_free);
  gboolean has_prompt = t2v_properties_has_prompt (model->properties);
  const T2vOptions *options;
  zt_model_params params;
  zt_request request;
  zt_status status;

  zt->model_params_init_sized (&params, sizeof (params));
  zt->request_init_sized (&request, sizeof (request));
  options = &t2v_properties_lock (model->properties)->options;
  status = check_unit (options, error);
  if (status >= 0)
    status = t2v_options_apply (options, zt, FALSE, &params, &request, keep, error);
  t2v_properties_unlock (model->properties);
  if (clip->prompt_comes && !has_prompt)
    request.prompt = "text"; /* the length does not depend on what it says */
  request.width = clip->width;
  request.height = clip->height;
  request.rate.num = clip->num;
  request.rate.den = clip->den;
  request.format = clip->format;
  request.images = clip->images;
  request.image_count = clip->image_count;
  if (status >= 0)
    status = zt->session_plan (model->model, &request, planned, error);
  g_ptr_array_unref (keep);
  return status;
}

/* A link gives frames, but its limit is a time, which is known once the rate is. */
static zt_status
check_link_length (T2vModel *model, const zt_session_info *planned, zt_error *error)
{
  gint num = planned->rate.num, den = planned->rate.den;
  gdouble least, most;

  t2v_option_link_range (T2V_OPTION_duration, &least, &most);
  if (!t2v_properties_link_holds (model->properties, T2V_OPTION_frames) ||
      (planned->frames >= 0 &&
          t2v_clip_frame_time (planned->frames, num, den) <= (GstClockTime) (most * GST_SECOND)))
    return ZT_OK;
  error->status = ZT_ERROR_ARGUMENT;
  g_snprintf (error->message, sizeof (error->message),
      "t2v: frames: expected "
      "at most %.0f s in a link, got %" G_GINT64_FORMAT " frames at %d/%d; "
      "set the property instead",
      most, (gint64) planned->frames, num, den);
  return error->status;
}

gboolean
t2v_model_plan (T2vModel *model, const T2vClip *clip)
{
  zt_session_info planned = { .struct_size = sizeof (planned) };
  zt_error error = ZT_ERROR_INIT;
  gint num, den;

  if (ask_engine (model, clip, &planned, &error) < 0 ||
      check_link_length (model, &planned, &error) < 0)
    return t2v_progress_fail (model->progress, &error);
  num = planned.rate.num;
  den = planned.rate.den;
  publish_length (model, num, den, planned.frames,
      planned.frames < 0 || clip->open_end
          ? -1
          : (gint64) t2v_clip_frame_time (planned.frames, num, den));
  return TRUE;
}

gboolean
t2v_model_is_open (T2vModel *model)
{
  gboolean open;

  g_mutex_lock (&model->lock);
  open = model->model != NULL;
  g_mutex_unlock (&model->lock);
  return open;
}

GstCaps *
t2v_model_caps (T2vModel *model)
{
  GstCaps *caps;

  g_mutex_lock (&model->lock);
  caps = model->caps != NULL ? gst_caps_ref (model->caps) : NULL;
  g_mutex_unlock (&model->lock);
  return caps;
}

GstCaps *
t2v_model_own_caps (T2vModel *model)
{
  GstCaps *caps = NULL;

  g_mutex_lock (&model->lock);
  if (model->model != NULL)
    caps = t2v_clip_model_caps (model->zt->model_get_info (model->model), FALSE);
  g_mutex_unlock (&model->lock);
  return caps;
}

gboolean
t2v_model_take_caps (T2vModel *model, GstCaps *caps)
{
  GstCaps *old;
  gboolean open;

  g_mutex_lock (&model->lock);
  /* Closed meanwhile: what is kept now nobody would free. */
  open = model->model != NULL;
  old = open ? model->caps : caps;
  if (open)
    model->caps = caps;
  g_mutex_unlock (&model->lock);
  gst_clear_caps (&old);
  return open;
}

gboolean
t2v_model_length (T2vModel *model, gint64 *frames, gint *num, gint *den)
{
  gboolean open;

  g_mutex_lock (&model->lock);
  open = model->model != NULL;
  *frames = model->frames;
  *num = model->rate_num;
  *den = model->rate_den;
  g_mutex_unlock (&model->lock);
  return open;
}
