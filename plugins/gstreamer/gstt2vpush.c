/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vpush.c - what GstBaseSrc and GstPushSrc ask of t2vsrc and i2v
 *
 * Caps, buffers, timestamps, marks, seeks and queries. Times always come from frame numbers.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "gstt2vprovenance.h"
#include "gstt2vbase.h"

#define GST_CAT_DEFAULT zoetrope_debug

/* ---- Caps ---- */

static GstCaps *
get_caps (GstBaseSrc *base, GstCaps *filter)
{
  GstT2vBase *self = GST_T2V_BASE (base);
  GstCaps *caps = NULL, *both;

  g_mutex_lock (&self->stream.lock);
  if (self->stream.caps != NULL)
    caps = gst_caps_ref (self->stream.caps);
  g_mutex_unlock (&self->stream.lock);
  if (caps == NULL)
    caps = gst_pad_get_pad_template_caps (GST_BASE_SRC_PAD (base));
  if (filter == NULL)
    return caps;
  both = gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref (caps);
  return both;
}

static GstCaps *
fixate (GstBaseSrc *base, GstCaps *caps)
{
  GstT2vBase *self = GST_T2V_BASE (base);

  if (self->stream.model != NULL) {
    T2vSize own;

    caps = t2v_clip_choose_format (caps);
    t2v_picture_clip_size (self, t2v_clip_caps_format (caps), &own);
    g_mutex_lock (&self->settings.lock);
    caps = t2v_clip_fixate (
        caps, self->stream.zt->model_get_info (self->stream.model), &self->settings.values, &own);
    g_mutex_unlock (&self->settings.lock);
  }
  return GST_BASE_SRC_CLASS (g_type_class_peek (GST_TYPE_PUSH_SRC))->fixate (base, caps);
}

/* Only once the pictures are there: until then what is downstream may still change its mind. */
static gboolean
negotiate (GstBaseSrc *base)
{
  GstPad *pad = GST_BASE_SRC_PAD (base);
  T2vPictures pictures;
  GstCaps *ours, *theirs;
  GstFlowReturn flow;
  gchar *text;

  flow = t2v_pictures_wait (GST_T2V_BASE (base), &pictures);
  t2v_pictures_clear (&pictures);
  if (flow == GST_FLOW_FLUSHING)
    return FALSE;
  if (GST_BASE_SRC_CLASS (g_type_class_peek (GST_TYPE_PUSH_SRC))->negotiate (base))
    return TRUE;
  if (GST_PAD_IS_FLUSHING (pad))
    return FALSE;

  ours = get_caps (base, NULL);
  theirs = gst_pad_peer_query_caps (pad, NULL);
  if (theirs != NULL && !gst_caps_is_any (theirs) && !gst_caps_can_intersect (ours, theirs)) {
    text = t2v_clip_disagreement (ours, theirs, "the next element");
    GST_ELEMENT_ERROR (base, STREAM, FORMAT, ("%s", text),
        ("videoscale, videorate or videoconvert behind t2vsrc may help"));
    g_free (text);
  }
  gst_clear_caps (&theirs);
  gst_caps_unref (ours);
  return FALSE;
}

static gboolean
set_caps (GstBaseSrc *base, GstCaps *caps)
{
  GstT2vBase *self = GST_T2V_BASE (base);
  T2vSrcStream *stream = &self->stream;
  GstVideoInfo video;
  gint num, den, old_num, old_den;

  if (!gst_video_info_from_caps (&video, caps))
    return FALSE;
  num = GST_VIDEO_INFO_FPS_N (&video);
  den = GST_VIDEO_INFO_FPS_D (&video);
  old_num = GST_VIDEO_INFO_FPS_N (&stream->video);
  old_den = GST_VIDEO_INFO_FPS_D (&stream->video);

  /* New caps in the middle: another generation goes on where this one was. */
  t2v_stream_drop (self);
  if (GST_VIDEO_INFO_WIDTH (&stream->video) > 0 && !GST_CLOCK_TIME_IS_VALID (stream->seek) &&
      (num != old_num || den != old_den)) {
    GstClockTime time = t2v_clip_frame_time (stream->next, old_num, old_den);

    stream->next = t2v_clip_frame_at (time, num, den);
    if (t2v_clip_frame_time (stream->next, num, den) < time)
      stream->next++;
  }

  g_mutex_lock (&stream->lock);
  stream->video = video;
  g_mutex_unlock (&stream->lock);
  gst_base_src_set_blocksize (base, GST_VIDEO_INFO_SIZE (&video));
  return t2v_stream_set_rate (self, num, den);
}

static gboolean
decide_allocation (GstBaseSrc *base, GstQuery *query)
{
  GstBufferPool *pool = NULL;
  GstStructure *config;
  guint size = 0, min = 0, max = 0;
  gboolean update = gst_query_get_n_allocation_pools (query) > 0;
  GstCaps *caps = NULL;
  GstVideoInfo video;

  gst_query_parse_allocation (query, &caps, NULL);
  if (caps == NULL || !gst_video_info_from_caps (&video, caps))
    return FALSE;
  if (update)
    gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, &min, &max);
  size = MAX (size, GST_VIDEO_INFO_SIZE (&video));
  if (pool == NULL)
    pool = gst_video_buffer_pool_new ();

  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_set_params (config, caps, size, min, max);
  if (gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL))
    gst_buffer_pool_config_add_option (config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  gst_buffer_pool_set_config (pool, config);

  if (update)
    gst_query_set_nth_allocation_pool (query, 0, pool, size, min, max);
  else
    gst_query_add_allocation_pool (query, pool, size, min, max);
  gst_object_unref (pool);
  return GST_BASE_SRC_CLASS (g_type_class_peek (GST_TYPE_PUSH_SRC))
      ->decide_allocation (base, query);
}

/* ---- Frames ---- */

static gboolean
copy_planes (const GstVideoInfo *video, const zt_frame_info *from, GstBuffer *buffer)
{
  GstVideoFrame to;

  if (!gst_video_frame_map (&to, video, buffer, GST_MAP_WRITE))
    return FALSE;
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES (&to); plane++) {
    /* In these formats component n lies in plane n, or all in plane 0. */
    gsize bytes =
        (gsize) GST_VIDEO_FRAME_COMP_WIDTH (&to, plane) * GST_VIDEO_FRAME_COMP_PSTRIDE (&to, plane);
    guint8 *target = GST_VIDEO_FRAME_PLANE_DATA (&to, plane);
    const guint8 *source = from->data[plane];

    for (gint row = 0; row < GST_VIDEO_FRAME_COMP_HEIGHT (&to, plane); row++) {
      memcpy (target, source, bytes);
      target += GST_VIDEO_FRAME_PLANE_STRIDE (&to, plane);
      source += from->stride[plane];
    }
  }
  gst_video_frame_unmap (&to);
  return TRUE;
}

static void
stamp (GstBuffer *buffer, gint64 frame, gint num, gint den)
{
  GST_BUFFER_PTS (buffer) = t2v_clip_frame_time (frame, num, den);
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION (buffer) =
      t2v_clip_frame_time (frame + 1, num, den) - GST_BUFFER_PTS (buffer);
  GST_BUFFER_OFFSET (buffer) = frame;
  GST_BUFFER_OFFSET_END (buffer) = frame + 1;
}

/* Marks a buffer, and sends tags in front of it when they say something new. */
static void
mark (GstT2vBase *self, const zt_frame_info *info, GstBuffer *buffer)
{
  T2vSrcStream *stream = &self->stream;
  const zt_model_info *model = stream->zt->model_get_info (stream->model);
  T2vProvenance provenance = { model->name, model->sha256, stream->zt->version (),
    stream->metadata_prompt, info };
  gint64 second = GST_BUFFER_PTS (buffer) / GST_SECOND;
  gboolean tags_due, changed;

  g_mutex_lock (&self->wait.lock);
  tags_due = self->wait.tags_due;
  self->wait.tags_due = FALSE;
  g_mutex_unlock (&self->wait.lock);
  changed = strcmp (stream->prompt_sha256, info->prompt_sha256) != 0 || stream->seed != info->seed;

  if (tags_due || changed) {
    /* Straight to the base class, which puts events behind the segment; the element's own entry
     * would wait for a state change that waits for us. */
    GST_ELEMENT_CLASS (g_type_class_peek (GST_TYPE_BASE_SRC))
        ->send_event (GST_ELEMENT (self), gst_event_new_tag (t2v_provenance_tags (&provenance)));
  }
  t2v_provenance_add_meta (&provenance, buffer);
  if (tags_due || changed || info->chunk_start) {
    gst_element_post_message (
        GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self),
                                t2v_provenance_structure (&provenance, T2V_PROVENANCE_MESSAGE)));
  }
  if (stream->sei && (changed || second >= stream->next_sei_second)) {
    t2v_provenance_add_sei (&provenance, buffer);
    stream->next_sei_second = second + 1;
  }
  g_strlcpy (stream->prompt_sha256, info->prompt_sha256, sizeof (stream->prompt_sha256));
  stream->seed = info->seed;
}

static GstFlowReturn
fill (GstPushSrc *push, GstBuffer *buffer)
{
  GstT2vBase *self = GST_T2V_BASE (push);
  T2vSrcStream *stream = &self->stream;
  const GstSegment *segment = &GST_BASE_SRC (push)->segment;
  gint num = GST_VIDEO_INFO_FPS_N (&stream->video);
  gint den = GST_VIDEO_INFO_FPS_D (&stream->video);
  zt_frame *frame = NULL;
  const zt_frame_info *info;
  GstClockTime time;
  GstFlowReturn flow;

  if (num == 0) {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION, (NULL), ("no caps were set"));
    return GST_FLOW_NOT_NEGOTIATED;
  }
  time = GST_CLOCK_TIME_IS_VALID (stream->seek) ? stream->seek
                                                : t2v_clip_frame_time (stream->next, num, den);
  time += stream->passed.end;
  gst_object_sync_values (
      GST_OBJECT (self), gst_segment_to_stream_time (segment, GST_FORMAT_TIME, time));
  t2v_text_apply (
      self, t2v_live_now (self, gst_segment_to_running_time (segment, GST_FORMAT_TIME, time)));
  /* The frame whose time is the end, rounded to a microsecond either way, is none of the clip. */
  if (segment->stop != GST_CLOCK_TIME_NONE && time + GST_USECOND >= segment->stop)
    return GST_FLOW_EOS;

  flow = t2v_stream_next (self, &frame);
  if (flow != GST_FLOW_OK)
    return flow;

  info = stream->zt->frame_get_info (frame);
  stamp (buffer, stream->base + info->pts, num, den);
  /* Behind what has passed. */
  GST_BUFFER_PTS (buffer) += stream->passed.end;
  GST_BUFFER_OFFSET (buffer) += stream->passed.frames;
  GST_BUFFER_OFFSET_END (buffer) += stream->passed.frames;
  t2v_live_stamp (self, buffer);
  mark (self, info, buffer);
  if (!copy_planes (&stream->video, info, buffer)) {
    GST_ELEMENT_ERROR (
        self, RESOURCE, WRITE, (NULL), ("frame: expected a buffer that can be written, got none"));
    flow = GST_FLOW_ERROR;
  }
  stream->next = stream->base + info->pts + 1;
  stream->zt->frame_unref (&frame);
  return flow;
}

static GstFlowReturn
create (GstPushSrc *push, GstBuffer **buffer)
{
  GstBaseSrc *base = GST_BASE_SRC (push);
  GstFlowReturn flow = t2v_extend_pass (GST_T2V_BASE (push), buffer);

  if (flow != GST_FLOW_EOS)
    return flow;
  /* A buffer for fill(). */
  return GST_BASE_SRC_CLASS (g_type_class_peek (GST_TYPE_BASE_SRC))
      ->create (base, GST_BUFFER_OFFSET_NONE, gst_base_src_get_blocksize (base), buffer);
}

/* ---- Seeks and queries ---- */

static gboolean
start (GstBaseSrc *base)
{
  return t2v_stream_start (GST_T2V_BASE (base));
}

static gboolean
stop (GstBaseSrc *base)
{
  t2v_stream_stop (GST_T2V_BASE (base));
  return TRUE;
}

static gboolean
unlock (GstBaseSrc *base)
{
  GstT2vBase *self = GST_T2V_BASE (base);

  g_mutex_lock (&self->wait.lock);
  self->wait.flushing = TRUE;
  g_cond_broadcast (&self->wait.changed);
  g_mutex_unlock (&self->wait.lock);
  return TRUE;
}

static gboolean
unlock_stop (GstBaseSrc *base)
{
  GstT2vBase *self = GST_T2V_BASE (base);

  g_mutex_lock (&self->wait.lock);
  self->wait.flushing = FALSE;
  self->wait.tags_due = TRUE;
  g_mutex_unlock (&self->wait.lock);
  return TRUE;
}

/* The clip's length, which num-buffers may cut; FALSE before a model is open. */
static gboolean
get_length (GstT2vBase *self, gint64 *frames, gint *num, gint *den)
{
  gint buffers = GST_BASE_SRC (self)->num_buffers;
  gboolean open;

  g_mutex_lock (&self->stream.lock);
  open = self->stream.model != NULL;
  *frames = self->stream.frames;
  *num = self->stream.rate_num;
  *den = self->stream.rate_den;
  g_mutex_unlock (&self->stream.lock);
  /* How long the input is, it does not say. */
  if (t2v_extend_is_on (self))
    *frames = -1;
  if (open && buffers >= 0 && (*frames < 0 || buffers < *frames))
    *frames = buffers;
  return open;
}

static gboolean
is_seekable (GstBaseSrc *base)
{
  GstT2vBase *self = GST_T2V_BASE (base);
  gboolean finite;

  g_mutex_lock (&self->stream.lock);
  finite = self->stream.model != NULL && self->stream.frames >= 0;
  g_mutex_unlock (&self->stream.lock);
  return finite && !gst_base_src_is_live (base) && !t2v_extend_is_on (self);
}

gboolean
t2v_push_refuses (GstT2vBase *self, GstEvent *event)
{
  gdouble rate;

  if (GST_EVENT_TYPE (event) != GST_EVENT_SEEK)
    return FALSE;
  gst_event_parse_seek (event, &rate, NULL, NULL, NULL, NULL, NULL, NULL);
  if (gst_base_src_is_live (GST_BASE_SRC (self)))
    GST_INFO_OBJECT (self, "seek: expected none while live, got one");
  else if (t2v_extend_is_on (self))
    GST_INFO_OBJECT (self, "seek: expected none with mode=extend, got one");
  else if (rate < 0.0)
    GST_INFO_OBJECT (self, "seek: expected a rate above 0, got %f", rate);
  else
    return FALSE;
  return TRUE;
}

static gboolean
event (GstBaseSrc *base, GstEvent *event)
{
  return !t2v_push_refuses (GST_T2V_BASE (base), event) &&
         GST_BASE_SRC_CLASS (g_type_class_peek (GST_TYPE_PUSH_SRC))->event (base, event);
}

/* Called with the stream stopped. The rate may still be open, so the frame is found later. */
static gboolean
do_seek (GstBaseSrc *base, GstSegment *segment)
{
  GstT2vBase *self = GST_T2V_BASE (base);

  segment->time = segment->start;
  self->stream.seek = segment->position;
  return TRUE;
}

static gboolean
answer_duration (GstT2vBase *self, GstQuery *query)
{
  gint64 frames;
  gint num, den;
  GstFormat format;

  gst_query_parse_duration (query, &format, NULL);
  if (!get_length (self, &frames, &num, &den))
    return FALSE;
  if (format == GST_FORMAT_DEFAULT) {
    gst_query_set_duration (query, format, frames);
    return TRUE;
  }
  if (format == GST_FORMAT_TIME) {
    gst_query_set_duration (
        query, format, frames < 0 ? -1 : (gint64) t2v_clip_frame_time (frames, num, den));
    return TRUE;
  }
  return FALSE;
}

static gboolean
answer_convert (GstT2vBase *self, GstQuery *query)
{
  GstFormat from, to;
  gint64 value, result;
  gint64 frames;
  gint num, den;

  gst_query_parse_convert (query, &from, &value, &to, NULL);
  if (!get_length (self, &frames, &num, &den))
    return FALSE;
  if (value == -1 || from == to)
    result = value;
  else if (from == GST_FORMAT_DEFAULT && to == GST_FORMAT_TIME)
    result = t2v_clip_frame_time (value, num, den);
  else if (from == GST_FORMAT_TIME && to == GST_FORMAT_DEFAULT)
    result = t2v_clip_frame_at (value, num, den);
  else
    return FALSE;
  gst_query_set_convert (query, from, value, to, result);
  return TRUE;
}

static gboolean
query (GstBaseSrc *base, GstQuery *query)
{
  GstT2vBase *self = GST_T2V_BASE (base);

  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_DURATION:
      if (answer_duration (self, query))
        return TRUE;
      break;
    case GST_QUERY_CONVERT:
      if (answer_convert (self, query))
        return TRUE;
      break;
    case GST_QUERY_LATENCY:
      if (t2v_live_answer_latency (self, query))
        return TRUE;
      break;
    case GST_QUERY_SCHEDULING:
      gst_query_set_scheduling (query,
          is_seekable (base) ? GST_SCHEDULING_FLAG_SEEKABLE : GST_SCHEDULING_FLAG_SEQUENTIAL, 1, -1,
          0);
      gst_query_add_scheduling_mode (query, GST_PAD_MODE_PUSH);
      return TRUE;
    default:
      break;
  }
  return GST_BASE_SRC_CLASS (g_type_class_peek (GST_TYPE_PUSH_SRC))->query (base, query);
}

void
t2v_push_install (GstBaseSrcClass *base_class, GstPushSrcClass *push_class)
{
  base_class->get_caps = GST_DEBUG_FUNCPTR (get_caps);
  base_class->fixate = GST_DEBUG_FUNCPTR (fixate);
  base_class->negotiate = GST_DEBUG_FUNCPTR (negotiate);
  base_class->set_caps = GST_DEBUG_FUNCPTR (set_caps);
  base_class->decide_allocation = GST_DEBUG_FUNCPTR (decide_allocation);
  base_class->start = GST_DEBUG_FUNCPTR (start);
  base_class->stop = GST_DEBUG_FUNCPTR (stop);
  base_class->unlock = GST_DEBUG_FUNCPTR (unlock);
  base_class->unlock_stop = GST_DEBUG_FUNCPTR (unlock_stop);
  base_class->get_times = GST_DEBUG_FUNCPTR (t2v_live_times);
  base_class->is_seekable = GST_DEBUG_FUNCPTR (is_seekable);
  base_class->event = GST_DEBUG_FUNCPTR (event);
  base_class->do_seek = GST_DEBUG_FUNCPTR (do_seek);
  base_class->query = GST_DEBUG_FUNCPTR (query);
  push_class->create = GST_DEBUG_FUNCPTR (create);
  push_class->fill = GST_DEBUG_FUNCPTR (fill);
}
