/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vgeneration.c - see gstt2vgeneration.h
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vclip.h"
#include "gstt2vgeneration.h"

#define GST_CAT_DEFAULT zoetrope_debug

/* The longest that a wait outlives unlock(). */
#define WAIT_SLICE_US     (20 * G_TIME_SPAN_MILLISECOND)
/* After the first frames, a shorter wait is not worth a progress message. */
#define PROGRESS_AFTER_US G_TIME_SPAN_SECOND

struct _T2vGeneration {
  T2vParts with;

  /* Only the streaming thread, and stop() after it, replace it; whoever uses it from elsewhere
   * holds the lock meanwhile. */
  GMutex lock;
  zt_session *session;

  /* Streaming thread only. */
  GstVideoInfo video;  /* what was negotiated; width 0 before */
  gint64 next;         /* number of the next frame to push */
  gint64 session_next; /* number of the next frame the session gives */
  gint64 base;         /* number of the session's frame 0 */
  GstClockTime seek;   /* where a seek asked to go on, else NONE */
  gint64 timeout_us;   /* longest wait, 0 = none */
};

T2vGeneration *
t2v_generation_new (const T2vParts *parts)
{
  T2vGeneration *generation = g_new0 (T2vGeneration, 1);

  g_mutex_init (&generation->lock);
  generation->with = *parts;
  t2v_generation_reset (generation);
  return generation;
}

void
t2v_generation_free (T2vGeneration *generation)
{
  g_mutex_clear (&generation->lock);
  g_free (generation);
}

void
t2v_generation_reset (T2vGeneration *generation)
{
  gst_video_info_init (&generation->video);
  generation->next = generation->base = generation->session_next = 0;
  generation->seek = GST_CLOCK_TIME_NONE;
}

void
t2v_generation_drop (T2vGeneration *generation)
{
  zt_session *session;

  g_mutex_lock (&generation->lock);
  session = generation->session;
  generation->session = NULL;
  g_mutex_unlock (&generation->lock);
  if (session != NULL)
    t2v_model_engine (generation->with.model)->session_destroy (&session);
}

void
t2v_generation_rewind (T2vGeneration *generation)
{
  t2v_generation_drop (generation);
  generation->next = generation->session_next = 0;
  generation->seek = GST_CLOCK_TIME_NONE;
  t2v_marks_jump (generation->with.marks);
}

void
t2v_generation_cancel (T2vGeneration *generation)
{
  g_mutex_lock (&generation->lock);
  if (generation->session != NULL)
    t2v_model_engine (generation->with.model)->session_cancel (generation->session);
  g_mutex_unlock (&generation->lock);
}

const GstVideoInfo *
t2v_generation_video (const T2vGeneration *generation)
{
  return &generation->video;
}

void
t2v_generation_set_video (T2vGeneration *generation, const GstVideoInfo *video)
{
  gint num = GST_VIDEO_INFO_FPS_N (video), den = GST_VIDEO_INFO_FPS_D (video);
  gint old_num = GST_VIDEO_INFO_FPS_N (&generation->video);
  gint old_den = GST_VIDEO_INFO_FPS_D (&generation->video);

  t2v_generation_drop (generation);
  if (GST_VIDEO_INFO_WIDTH (&generation->video) > 0 &&
      !GST_CLOCK_TIME_IS_VALID (generation->seek) && (num != old_num || den != old_den)) {
    GstClockTime time = t2v_clip_frame_time (generation->next, old_num, old_den);

    generation->next = t2v_clip_frame_at (time, num, den);
    if (t2v_clip_frame_time (generation->next, num, den) < time)
      generation->next++;
  }
  generation->video = *video;
}

void
t2v_generation_seek (T2vGeneration *generation, GstClockTime time)
{
  generation->seek = time;
}

GstClockTime
t2v_generation_time (const T2vGeneration *generation)
{
  if (GST_CLOCK_TIME_IS_VALID (generation->seek))
    return generation->seek;
  return t2v_clip_frame_time (generation->next, GST_VIDEO_INFO_FPS_N (&generation->video),
      GST_VIDEO_INFO_FPS_D (&generation->video));
}

/* ---- Options that change while it runs ---- */

zt_status
t2v_generation_steer (
    T2vGeneration *generation, T2vOption option, const gchar *text, zt_error *error)
{
  const ZtEngine *zt = t2v_model_engine (generation->with.model);
  const gchar *name = t2v_option_info (option)->name;
  int64_t first = 0;
  zt_status status = ZT_AGAIN;

  g_mutex_lock (&generation->lock);
  if (generation->session != NULL) {
    status = option == T2V_OPTION_prompt
                 ? zt->session_set_prompt (generation->session, text, &first, error)
                 : zt->session_set_option (generation->session, name, text, &first, error);
    if (status >= 0)
      GST_DEBUG_OBJECT (
          generation->with.element, "%s changes at frame %" G_GINT64_FORMAT, name, (gint64) first);
  }
  g_mutex_unlock (&generation->lock);
  return status;
}

/* Texts of the run-time options, NULL where unset. */
static void
runtime_texts (T2vGeneration *generation, gchar *texts[T2V_OPTION_COUNT])
{
  const T2vSettings *settings = t2v_properties_lock (generation->with.properties);

  for (gint i = 0; i < T2V_OPTION_COUNT; i++)
    texts[i] = t2v_option_info (i)->flags & ZT_OPTION_RUNTIME
                   ? t2v_options_text (&settings->options, i)
                   : NULL;
  t2v_properties_unlock (generation->with.properties);
}

static void
free_texts (gchar *texts[T2V_OPTION_COUNT])
{
  for (gint i = 0; i < T2V_OPTION_COUNT; i++)
    g_free (texts[i]);
}

/* Puts the session where other threads can steer it; what they set while it was being made is
 * handed over now. */
static void
install_session (
    T2vGeneration *generation, zt_session *session, gchar *const before[T2V_OPTION_COUNT])
{
  gchar *after[T2V_OPTION_COUNT];

  g_mutex_lock (&generation->lock);
  generation->session = session;
  g_mutex_unlock (&generation->lock);
  t2v_marks_tags_due (generation->with.marks);

  runtime_texts (generation, after);
  for (gint i = 0; i < T2V_OPTION_COUNT; i++) {
    zt_error error = ZT_ERROR_INIT;

    if (after[i] != NULL && g_strcmp0 (before[i], after[i]) != 0 &&
        t2v_generation_steer (generation, i, after[i], &error) < 0)
      t2v_report_warning (generation->with.element, &error);
  }
  free_texts (after);
}

/* ---- The beginning ---- */

/* The options, and what this stream adds to them. Texts that the request borrows go into keep. */
static zt_status
make_request (T2vGeneration *generation, zt_request *request, GPtrArray *keep, zt_error *error)
{
  const T2vParts *with = &generation->with;
  const ZtEngine *zt = t2v_model_engine (with->model);
  const GstVideoInfo *video = &generation->video;
  gint64 frames, seed = t2v_marks_seed (with->marks);
  zt_model_params params;
  zt_status status;
  gint num, den;

  zt->model_params_init_sized (&params, sizeof (params));
  zt->request_init_sized (request, sizeof (*request));
  status = t2v_options_apply (
      &t2v_properties_lock (with->properties)->options, zt, FALSE, &params, request, keep, error);
  t2v_properties_unlock (with->properties);

  /* An endless clip has no beginning to count from: it goes on with a new one. */
  t2v_model_length (with->model, &frames, &num, &den);
  generation->base = frames < 0 ? generation->next : 0;
  generation->session_next = generation->next;
  generation->timeout_us = request->timeout_us;
  t2v_marks_begin (with->marks, request->sei, request->metadata_prompt);
  request->width = GST_VIDEO_INFO_WIDTH (video);
  request->height = GST_VIDEO_INFO_HEIGHT (video);
  request->rate.num = GST_VIDEO_INFO_FPS_N (video);
  request->rate.den = GST_VIDEO_INFO_FPS_D (video);
  request->format = t2v_clip_pixel_format (GST_VIDEO_INFO_FORMAT (video));
  request->cutout = GST_VIDEO_INFO_HAS_ALPHA (video); /* as the caps say, once there are some */
  request->frames = frames;
  request->duration_us = 0;
  request->start_frame = generation->next - generation->base;
  /* A random seed is drawn once: a seek must find the same clip. */
  if (request->seed == -1 && seed >= 0)
    request->seed = seed;
  return status;
}

static gboolean
create_session (T2vGeneration *generation, const zt_image *images, guint count)
{
  const T2vParts *with = &generation->with;
  const ZtEngine *zt = t2v_model_engine (with->model);
  GPtrArray *keep = g_ptr_array_new_with_free_func (g_free);
  gchar *runtime[T2V_OPTION_COUNT];
  zt_error error = ZT_ERROR_INIT;
  zt_session *session = NULL;
  const zt_session_info *info;
  zt_request request;
  zt_status status;

  runtime_texts (generation, runtime);
  status = make_request (generation, &request, keep, &error);
  request.images = images;
  request.image_count = count;
  if (status >= 0)
    status = zt->session_create (t2v_model_handle (with->model), &request, &session, &error);
  g_ptr_array_unref (keep);
  if (status >= 0)
    install_session (generation, session, runtime);
  free_texts (runtime);
  if (status < 0)
    return t2v_progress_fail (with->progress, &error);
  info = zt->session_get_info (session);
  GST_INFO_OBJECT (with->element,
      "%dx%d at %d/%d, frames %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ", seed %" G_GINT64_FORMAT
      ", %d steps",
      info->width, info->height, info->rate.num, info->rate.den, generation->next,
      (gint64) info->frames, (gint64) info->seed, info->steps);
  t2v_progress_begin (with->progress, "generating");
  return TRUE;
}

static gboolean
create_session_with (T2vGeneration *generation, T2vPictures *pictures)
{
  const T2vParts *with = &generation->with;
  const zt_image *images;
  zt_alpha alpha;
  guint count;

  /* The words are the engine's, in its order. */
  alpha = (zt_alpha) g_value_get_enum (
      &t2v_properties_lock (with->properties)->options.values[T2V_OPTION_alpha]);
  t2v_properties_unlock (with->properties);
  images = t2v_pictures_map (pictures, t2v_model_engine (with->model), alpha, &count);
  if (images != NULL)
    return create_session (generation, images, count);
  GST_ELEMENT_ERROR (with->element, RESOURCE, READ, (NULL),
      ("input: expected a picture that can be read, got none"));
  return FALSE;
}

static GstFlowReturn
refuse_end (T2vGeneration *generation, zt_status status, const gchar *what, const gchar *expected)
{
  zt_error error = ZT_ERROR_INIT;

  error.status = status;
  g_snprintf (error.message, sizeof (error.message), "%s: expected a %s, got none before its end",
      what, expected);
  t2v_progress_fail (generation->with.progress, &error);
  return GST_FLOW_ERROR;
}

/* Once pictures and prompt are there, where they are still to come. */
static GstFlowReturn
begin (T2vGeneration *generation)
{
  const T2vParts *with = &generation->with;
  const gchar *missing = NULL;
  T2vPictures *pictures;
  GstFlowReturn flow = t2v_inputs_wait (with->inputs, &pictures, &missing);

  if (flow == GST_FLOW_EOS)
    return refuse_end (generation, ZT_ERROR_ARGUMENT, missing, "picture");
  if (flow == GST_FLOW_OK && !t2v_properties_has_prompt (with->properties) &&
      (flow = t2v_texts_wait_first (with->texts)) == GST_FLOW_EOS)
    flow = refuse_end (generation, ZT_ERROR_PROMPT, "text", "prompt");
  if (flow == GST_FLOW_OK && !create_session_with (generation, pictures))
    flow = GST_FLOW_ERROR;
  t2v_pictures_free (pictures);
  return flow;
}

/* ---- Frames ---- */

/* After a seek: whether the running generation still leads there, and how far on. */
static void
find_position (T2vGeneration *generation)
{
  if (!GST_CLOCK_TIME_IS_VALID (generation->seek))
    return;
  generation->next = t2v_clip_frame_at (generation->seek, GST_VIDEO_INFO_FPS_N (&generation->video),
      GST_VIDEO_INFO_FPS_D (&generation->video));
  generation->seek = GST_CLOCK_TIME_NONE;
  t2v_marks_jump (generation->with.marks);
  if (generation->next < generation->session_next)
    t2v_generation_drop (generation);
}

static void
show_progress (T2vGeneration *generation, gint64 waited_us)
{
  T2vProgress *progress = generation->with.progress;
  zt_progress now = { .struct_size = sizeof (now) };

  if (waited_us >= PROGRESS_AFTER_US)
    t2v_progress_begin (progress, "waiting for frames");
  if (t2v_progress_is_open (progress) &&
      t2v_model_engine (generation->with.model)->session_get_progress (generation->session, &now) >=
          0)
    t2v_progress_update (progress, &now);
}

static gboolean
is_flushing (T2vGeneration *generation)
{
  gboolean flushing;

  t2v_wait_lock (generation->with.wait);
  flushing = t2v_wait_is_flushing (generation->with.wait);
  t2v_wait_unlock (generation->with.wait);
  return flushing;
}

/* Waits for one frame of the session. */
static zt_status
wait_for_frame (T2vGeneration *generation, zt_frame **frame, zt_error *error)
{
  gint64 began = g_get_monotonic_time ();
  zt_status status = ZT_AGAIN;

  while (status == ZT_AGAIN) {
    gint64 waited = g_get_monotonic_time () - began;

    if (is_flushing (generation))
      return ZT_ERROR_CANCELLED;
    if (generation->timeout_us > 0 && waited > generation->timeout_us) {
      error->status = ZT_AGAIN;
      g_snprintf (error->message, sizeof (error->message),
          "timeout: expected a "
          "frame within %" G_GINT64_FORMAT " ms, got none",
          generation->timeout_us / 1000);
      return ZT_AGAIN;
    }
    show_progress (generation, waited);
    status = t2v_model_engine (generation->with.model)
                 ->session_read (generation->session, WAIT_SLICE_US, frame, error);
  }
  return status;
}

/* One frame from the running generation, or why there is none. */
static GstFlowReturn
read_frame (T2vGeneration *generation, zt_frame **frame)
{
  T2vProgress *progress = generation->with.progress;
  zt_error error = ZT_ERROR_INIT;
  zt_status status = wait_for_frame (generation, frame, &error);

  if (status == ZT_OK) {
    t2v_progress_end (progress, GST_PROGRESS_TYPE_COMPLETE, "ready");
    return GST_FLOW_OK;
  }
  if (status == ZT_END) {
    t2v_progress_end (progress, GST_PROGRESS_TYPE_COMPLETE, "done");
    t2v_generation_drop (generation);
    return GST_FLOW_EOS;
  }
  if (status == ZT_ERROR_CANCELLED) {
    t2v_progress_end (progress, GST_PROGRESS_TYPE_CANCELED, "stopped");
    return GST_FLOW_FLUSHING;
  }
  t2v_progress_fail (progress, &error);
  return GST_FLOW_ERROR;
}

GstFlowReturn
t2v_generation_next (T2vGeneration *generation, zt_frame **frame, gint64 *number)
{
  const ZtEngine *zt = t2v_model_engine (generation->with.model);
  gint64 frames;
  gint num, den;
  GstFlowReturn flow;

  find_position (generation);
  t2v_model_length (generation->with.model, &frames, &num, &den);
  if (frames >= 0 && generation->next >= frames)
    return GST_FLOW_EOS;
  if (generation->session == NULL && (flow = begin (generation)) != GST_FLOW_OK)
    return flow;

  /* A seek forward passes over what lies between. */
  while ((flow = read_frame (generation, frame)) == GST_FLOW_OK) {
    *number = generation->base + zt->frame_get_info (*frame)->pts;
    generation->session_next = *number + 1;
    if (*number >= generation->next)
      break;
    zt->frame_unref (frame);
  }
  if (flow == GST_FLOW_OK)
    generation->next = *number + 1;
  return flow;
}
