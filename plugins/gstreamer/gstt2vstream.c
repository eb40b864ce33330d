/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vstream.c - see gstt2vstream.h; times always come from frame numbers
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vframe.h"
#include "gstt2vgeneration.h"
#include "gstt2vlive.h"
#include "gstt2vsound.h"
#include "gstt2vstream.h"

#define GST_CAT_DEFAULT zoetrope_debug

struct _T2vStream {
  GstBaseSrc *element;
  T2vProperties *properties;

  T2vWait *wait;
  T2vProgress *progress;
  T2vMarks *marks;
  T2vLive *live;
  T2vSound *sound;
  T2vFrames *frames;
  T2vModel *model;
  T2vExtend *extend;
  T2vInputs *inputs;
  T2vTexts *texts;
  T2vGeneration *generation;
  gboolean prompt_comes; /* as text, if there is none at the start */
};

T2vStream *
t2v_stream_new (GstBaseSrc *element, T2vProperties *properties)
{
  T2vStream *stream = g_new0 (T2vStream, 1);
  T2vParts parts;

  stream->element = element;
  stream->properties = properties;
  stream->wait = t2v_wait_new ();
  stream->progress = t2v_progress_new (GST_ELEMENT (element));
  stream->marks = t2v_marks_new (element);
  stream->live = t2v_live_new (element);
  stream->sound = t2v_sound_new (element, stream->wait);
  stream->frames = t2v_frames_new ();
  stream->model = t2v_model_new (element, properties, stream->progress);
  stream->extend = t2v_extend_new (stream->wait);
  stream->inputs = t2v_inputs_new (stream->wait, stream->extend);
  stream->texts = t2v_texts_new (GST_ELEMENT (element), stream->wait, properties);
  parts = (T2vParts){ GST_ELEMENT (element), stream->wait, properties, stream->model,
    stream->inputs, stream->texts, stream->marks, stream->progress };
  stream->generation = t2v_generation_new (&parts);
  return stream;
}

void
t2v_stream_free (T2vStream *stream)
{
  t2v_generation_free (stream->generation);
  t2v_texts_free (stream->texts);
  t2v_inputs_free (stream->inputs);
  t2v_extend_free (stream->extend);
  t2v_model_free (stream->model);
  t2v_frames_free (stream->frames);
  t2v_sound_free (stream->sound);
  t2v_live_free (stream->live);
  t2v_marks_free (stream->marks);
  t2v_progress_free (stream->progress);
  t2v_wait_free (stream->wait);
  g_free (stream);
}

T2vInputs *
t2v_stream_inputs (const T2vStream *stream)
{
  return stream->inputs;
}

T2vExtend *
t2v_stream_extend (const T2vStream *stream)
{
  return stream->extend;
}

GstPad *
t2v_stream_request_text (T2vStream *stream, GstPadTemplate *template)
{
  return t2v_stream_is_open (stream) ? NULL : t2v_texts_request (stream->texts, template);
}

void
t2v_stream_release_text (T2vStream *stream, GstPad *pad)
{
  t2v_texts_release (stream->texts, pad);
}

T2vLive *
t2v_stream_live (T2vStream *stream)
{
  return stream->live;
}

void
t2v_stream_update_sound (T2vStream *stream)
{
  gboolean wanted =
      t2v_options_boolean (&t2v_properties_lock (stream->properties)->options, T2V_OPTION_sound);

  t2v_properties_unlock (stream->properties);
  t2v_sound_want (stream->sound, wanted);
}

gboolean
t2v_stream_is_open (T2vStream *stream)
{
  return t2v_model_is_open (stream->model);
}

void
t2v_stream_set_flushing (T2vStream *stream, gboolean flushing)
{
  t2v_wait_set_flushing (stream->wait, flushing);
  if (!flushing)
    t2v_marks_tags_due (stream->marks);
}

void
t2v_stream_set_closing (T2vStream *stream, gboolean closing)
{
  t2v_wait_set_closing (stream->wait, closing);
  if (closing)
    t2v_generation_cancel (stream->generation);
}

zt_status
t2v_stream_steer (T2vStream *stream, T2vOption option, const gchar *text, zt_error *error)
{
  zt_status status = t2v_generation_steer (stream->generation, option, text, error);

  if (option == T2V_OPTION_prompt && status >= 0 && *text != 0)
    t2v_texts_prompt_set (stream->texts);
  return status;
}

/* ---- Start and stop ---- */

/* Whether the engine can make such a clip, and how long it is: what cannot be is refused here,
 * before anything flows. */
static gboolean
plan (T2vStream *stream, T2vClip clip)
{
  zt_image *images = t2v_inputs_describe (stream->inputs, t2v_model_engine (stream->model),
      t2v_model_info (stream->model), t2v_extend_most (stream->extend), &clip.image_count);
  gboolean good;

  clip.images = images;
  clip.prompt_comes = stream->prompt_comes;
  clip.open_end = t2v_extend_is_on (stream->extend);
  good = t2v_model_plan (stream->model, &clip);
  g_free (images);
  return good;
}

/* The hints hold until caps are negotiated. Where a hint is of one side only, the other is the
 * model's own, or that of a picture that is still to come. */
static T2vClip
clip_of_hints (T2vStream *stream)
{
  const zt_model_info *info = t2v_model_info (stream->model);
  const T2vSettings *settings = t2v_properties_lock (stream->properties);
  gint width = settings->width, height = settings->height;
  T2vClip clip = { .num = settings->rate_num, .den = settings->rate_num ? settings->rate_den : 0 };

  t2v_properties_unlock (stream->properties);
  if ((width > 0 && height > 0) || ((width > 0 || height > 0) && !info->picture_size)) {
    clip.width = width > 0 ? width : info->width;
    clip.height = height > 0 ? height : info->height;
  }
  /* An odd side is for formats that have no smaller chroma. */
  clip.format = ((clip.width | clip.height) & 1) == 0        ? ZT_PIXEL_DEFAULT
                : t2v_properties_cutout (stream->properties) ? ZT_PIXEL_RGBA
                                                             : ZT_PIXEL_RGB24;
  return clip;
}

static gboolean
settle (T2vStream *stream)
{
  const T2vOptions *options = &t2v_properties_lock (stream->properties)->options;
  gboolean extend = g_value_get_enum (&options->values[T2V_OPTION_mode]) != 0;
  gint context = g_value_get_int (&options->values[T2V_OPTION_context]);
  zt_error error = ZT_ERROR_INIT;

  t2v_properties_unlock (stream->properties);
  if (extend && t2v_properties_cutout (stream->properties)) {
    error = (zt_error){ ZT_ERROR_ARGUMENT,
      "cutout: expected false with mode=extend (what passes through has its backdrop), got true" };
    return t2v_progress_fail (stream->progress, &error);
  }
  if (t2v_extend_settle (stream->extend, extend, context, gst_base_src_is_live (stream->element),
          t2v_model_info (stream->model), &error) < 0)
    return t2v_progress_fail (stream->progress, &error);
  return plan (stream, clip_of_hints (stream));
}

void
t2v_stream_stop (T2vStream *stream)
{
  t2v_progress_end (stream->progress, GST_PROGRESS_TYPE_CANCELED, "stopped");
  t2v_generation_drop (stream->generation);
  t2v_inputs_forget (stream->inputs);
  t2v_extend_forget (stream->extend);
  t2v_texts_end (stream->texts);
  t2v_generation_reset (stream->generation);
  t2v_marks_reset (stream->marks);
  t2v_live_reset (stream->live);
  t2v_model_close (stream->model);
}

gboolean
t2v_stream_start (T2vStream *stream)
{
  t2v_inputs_forget (stream->inputs);
  stream->prompt_comes = t2v_texts_begin (stream->texts);
  if (!t2v_model_open (stream->model, t2v_input_is_wanted (stream->inputs, T2V_INPUT_FIRST)))
    return FALSE;
  if (!settle (stream)) {
    t2v_stream_stop (stream);
    return FALSE;
  }
  t2v_sound_begin (stream->sound, t2v_model_info (stream->model));
  return TRUE;
}

/* ---- Caps ---- */

GstCaps *
t2v_stream_caps (T2vStream *stream)
{
  return t2v_model_caps (stream->model);
}

GstCaps *
t2v_stream_fixate (T2vStream *stream, GstCaps *caps)
{
  T2vSize own;

  if (t2v_model_handle (stream->model) == NULL)
    return caps;
  caps = t2v_clip_choose_format (caps);
  t2v_inputs_clip_size (stream->inputs, t2v_model_engine (stream->model),
      t2v_model_handle (stream->model), t2v_clip_caps_format (caps),
      t2v_properties_cutout (stream->properties), &own);
  caps = t2v_clip_fixate (
      caps, t2v_model_info (stream->model), t2v_properties_lock (stream->properties), &own);
  t2v_properties_unlock (stream->properties);
  return caps;
}

gboolean
t2v_stream_wait_inputs (T2vStream *stream)
{
  const gchar *missing;
  T2vPictures *pictures;
  GstFlowReturn flow = t2v_inputs_wait (stream->inputs, &pictures, &missing);

  t2v_pictures_free (pictures);
  return flow != GST_FLOW_FLUSHING;
}

gboolean
t2v_stream_set_caps (T2vStream *stream, const GstCaps *caps)
{
  GstVideoInfo video;

  if (!gst_video_info_from_caps (&video, caps))
    return FALSE;
  t2v_generation_set_video (stream->generation, &video);
  gst_base_src_set_blocksize (stream->element, GST_VIDEO_INFO_SIZE (&video));
  return plan (stream, (T2vClip){ .width = GST_VIDEO_INFO_WIDTH (&video),
                           .height = GST_VIDEO_INFO_HEIGHT (&video),
                           .num = GST_VIDEO_INFO_FPS_N (&video),
                           .den = GST_VIDEO_INFO_FPS_D (&video),
                           .format = t2v_clip_pixel_format (GST_VIDEO_INFO_FORMAT (&video)) });
}

gboolean
t2v_stream_decide_allocation (T2vStream *stream, GstQuery *query)
{
  return t2v_frames_decide (stream->frames, query);
}

GstCaps *
t2v_stream_passing_caps (T2vStream *stream)
{
  GstCaps *model = t2v_model_own_caps (stream->model), *peer, *both;

  if (model == NULL)
    return t2v_clip_opaque_caps ();
  peer = gst_pad_peer_query_caps (GST_BASE_SRC_PAD (stream->element), model);
  both = gst_caps_intersect (model, peer);
  gst_caps_unref (model);
  gst_caps_unref (peer);
  return both;
}

gboolean
t2v_stream_take_passing_caps (T2vStream *stream, GstCaps *caps, GstVideoInfo *video)
{
  GstCaps *model = t2v_model_own_caps (stream->model), *both;
  gchar *text;

  if (model == NULL)
    return FALSE;
  both = t2v_extend_check_caps (stream->extend, model, caps, video, &text);
  gst_caps_unref (model);
  if (both == NULL) {
    GST_ELEMENT_ERROR (stream->element, STREAM, FORMAT, ("%s", text),
        ("videoscale, videorate or videoconvert in front of i2v may help"));
    g_free (text);
    return FALSE;
  }
  if (!t2v_model_take_caps (stream->model, both))
    return FALSE;
  gst_pad_mark_reconfigure (GST_BASE_SRC_PAD (stream->element));
  return TRUE;
}

/* ---- Frames ---- */

/* Behind what has passed. */
static void
stamp (T2vStream *stream, GstBuffer *buffer, gint64 number, gint num, gint den)
{
  GstClockTime begin = t2v_clip_frame_time (number, num, den);
  guint64 passed = t2v_extend_frames (stream->extend);

  GST_BUFFER_PTS (buffer) = begin + t2v_extend_end_time (stream->extend);
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION (buffer) = t2v_clip_frame_time (number + 1, num, den) - begin;
  GST_BUFFER_OFFSET (buffer) = number + passed;
  GST_BUFFER_OFFSET_END (buffer) = number + passed + 1;
  t2v_live_stamp (stream->live, buffer);
}

/* Wrapped, or copied into a buffer that the base class allocates. */
static GstFlowReturn
make_buffer (T2vStream *stream, zt_frame *frame, GstBuffer **buffer)
{
  const ZtEngine *zt = t2v_model_engine (stream->model);
  const GstVideoInfo *video = t2v_generation_video (stream->generation);
  GstFlowReturn flow;

  *buffer = t2v_frames_wrap (stream->frames, zt, frame, video);
  if (*buffer != NULL)
    return GST_FLOW_OK;
  flow = GST_BASE_SRC_CLASS (g_type_class_peek (GST_TYPE_BASE_SRC))
             ->alloc (stream->element, GST_BUFFER_OFFSET_NONE,
                 gst_base_src_get_blocksize (stream->element), buffer);
  if (flow == GST_FLOW_OK && !t2v_frames_copy (zt->frame_get_info (frame), video, *buffer)) {
    gst_clear_buffer (buffer);
    GST_ELEMENT_ERROR (stream->element, RESOURCE, WRITE, (NULL),
        ("frame: expected a buffer that can be written, got none"));
    flow = GST_FLOW_ERROR;
  }
  return flow;
}

/* Lets what depends on the time of the next frame happen; FALSE when that is past the end. */
static gboolean
come_to (T2vStream *stream, GstClockTime time)
{
  const GstSegment *segment = &stream->element->segment;

  gst_object_sync_values (
      GST_OBJECT (stream->element), gst_segment_to_stream_time (segment, GST_FORMAT_TIME, time));
  t2v_texts_apply (stream->texts,
      t2v_live_now (stream->live, gst_segment_to_running_time (segment, GST_FORMAT_TIME, time)));
  /* The frame whose time is the end, rounded to a microsecond either way, is none of the clip. */
  return segment->stop == GST_CLOCK_TIME_NONE || time + GST_USECOND < segment->stop;
}

static GstFlowReturn
create_frame (T2vStream *stream, GstBuffer **buffer)
{
  const ZtEngine *zt = t2v_model_engine (stream->model);
  const GstVideoInfo *video = t2v_generation_video (stream->generation);
  gint num = GST_VIDEO_INFO_FPS_N (video), den = GST_VIDEO_INFO_FPS_D (video);
  zt_frame *frame = NULL;
  gint64 number;
  GstFlowReturn flow;

  if (num == 0) {
    GST_ELEMENT_ERROR (stream->element, CORE, NEGOTIATION, (NULL), ("no caps were set"));
    return GST_FLOW_NOT_NEGOTIATED;
  }
  if (!come_to (
          stream, t2v_generation_time (stream->generation) + t2v_extend_end_time (stream->extend)))
    return GST_FLOW_EOS;
  flow = t2v_generation_next (stream->generation, &frame, &number);
  if (flow != GST_FLOW_OK)
    return flow;
  flow = make_buffer (stream, frame, buffer);
  if (flow == GST_FLOW_OK) {
    GstClockTime begin = t2v_extend_end_time (stream->extend);

    stamp (stream, *buffer, number, num, den);
    t2v_sound_of_frame (stream->sound, zt->frame_get_info (frame), number, begin,
        begin + t2v_clip_frame_time (number, num, den), *buffer);
    t2v_marks_put (stream->marks, zt->version (), t2v_model_info (stream->model),
        zt->frame_get_info (frame), *buffer);
  }
  zt->frame_unref (&frame);
  return flow;
}

GstFlowReturn
t2v_stream_create (T2vStream *stream, GstBuffer **buffer)
{
  GstFlowReturn flow = t2v_extend_pass (stream->extend, buffer);

  if (flow == GST_FLOW_OK)
    t2v_sound_of_passing (stream->sound, *buffer);
  return flow == GST_FLOW_EOS ? create_frame (stream, buffer) : flow;
}

/* ---- Where it is ---- */

void
t2v_stream_seek (T2vStream *stream, GstClockTime time)
{
  t2v_generation_seek (stream->generation, time);
}

void
t2v_stream_drop_picture (T2vStream *stream, T2vInput input)
{
  t2v_input_forget (stream->inputs, input);
  if (input == T2V_INPUT_FIRST) {
    t2v_extend_forget (stream->extend);
    /* The next picture may be of another size. */
    gst_pad_mark_reconfigure (GST_BASE_SRC_PAD (stream->element));
  }
  t2v_generation_rewind (stream->generation);
}

/* num-buffers may cut the clip. */
gboolean
t2v_stream_length (T2vStream *stream, gint64 *frames, gint *num, gint *den)
{
  gint buffers = stream->element->num_buffers;
  gboolean open = t2v_model_length (stream->model, frames, num, den);

  /* How long the input is, it does not say. */
  if (t2v_extend_is_on (stream->extend))
    *frames = -1;
  if (open && buffers >= 0 && (*frames < 0 || buffers < *frames))
    *frames = buffers;
  return open;
}

gboolean
t2v_stream_is_seekable (T2vStream *stream)
{
  gint64 frames;
  gint num, den;

  return t2v_model_length (stream->model, &frames, &num, &den) && frames >= 0 &&
         !gst_base_src_is_live (stream->element) && !t2v_extend_is_on (stream->extend);
}
