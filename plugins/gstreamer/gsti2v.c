/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gsti2v.c - the element i2v: makes a picture move, or continues a clip
 *
 * A source like t2vsrc, with sink pads. The first buffer of each pad is a picture that conditions
 * the clip; then the pad answers EOS, so that upstream stops. With mode=extend the buffers of the
 * first pad are passed on instead. Events are not: stream, segment, tags and duration are the
 * element's own. (The tag image-orientation, for one, would turn a clip that is upright.)
 */
/**
 * SECTION:element-i2v
 * @title: i2v
 *
 * Makes the first picture of its input move. A second picture on the request pad `mask` says where
 * (white may move), one on `last` what the clip ends with.
 *
 * ## Example
 * |[
 * gst-launch-1.0 filesrc location=fox.png ! pngdec ! videoconvert ! i2v prompt="the fox starts to
 * run" ! videoconvert ! autovideosink ]|
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "gsti2v.h"
#include "gstt2vbase.h"
#include "gstt2vreport.h"

#define GST_CAT_DEFAULT zoetrope_debug

typedef struct {
  T2vInput input;
  GstPad *pad; /* borrowed; NULL before it is requested */
  /* The pad's thread only. */
  GstVideoInfo video; /* width 0 before caps */
  GstSegment segment;
  gint orientation[2]; /* by GstTagScope, 1 to 8 as in EXIF; 0 = not told */
} I2vSink;

typedef struct {
  GstT2vBase parent;

  I2vSink sinks[T2V_INPUTS]; /* each the private data of its pad */
} GstI2v;

typedef struct {
  GstT2vBaseClass parent_class;
} GstI2vClass;

GType gst_i2v_get_type (void);
G_DEFINE_TYPE (GstI2v, gst_i2v, GST_TYPE_T2V_BASE);
GST_ELEMENT_REGISTER_DEFINE (i2v, "i2v", GST_RANK_NONE, gst_i2v_get_type ());

/* FALSE, with a message, for a picture whose colours the engine cannot read. */
static gboolean
check_colors (GstI2v *self, T2vInput input, const GstVideoInfo *video)
{
  GstVideoColorMatrix matrix = video->colorimetry.matrix;
  const gchar *what = NULL;

  if (GST_VIDEO_INFO_IS_YUV (video)) {
    if (matrix != GST_VIDEO_COLOR_MATRIX_BT601 && matrix != GST_VIDEO_COLOR_MATRIX_BT709 &&
        matrix != GST_VIDEO_COLOR_MATRIX_BT2020)
      what = "matrix: expected bt601, bt709 or bt2020";
  } else if (video->colorimetry.range == GST_VIDEO_COLOR_RANGE_16_235) {
    what = "range: expected full range for RGB";
  }
  if (what != NULL) {
    gchar *got = gst_video_colorimetry_to_string (&video->colorimetry);

    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("%s: %s, got %s", input == T2V_INPUT_FIRST ? "first image" : t2v_input_name (input), what,
            got ? got : "none"),
        ("videoconvert in front of i2v may help"));
    g_free (got);
  }
  return what == NULL;
}

/* Whether what comes in here goes out again. */
static gboolean
passes (GstI2v *self, const I2vSink *sink)
{
  return sink->input == T2V_INPUT_FIRST &&
         t2v_extend_is_on (t2v_stream_extend (t2v_base_stream (self)));
}

static gboolean
take_caps (GstI2v *self, I2vSink *sink, GstCaps *caps)
{
  GstVideoInfo video;

  if (passes (self, sink))
    return t2v_stream_take_passing_caps (t2v_base_stream (self), caps, &sink->video);
  if (t2v_input_is_there (t2v_stream_inputs (t2v_base_stream (self)), sink->input)) {
    GST_WARNING_OBJECT (self, "new caps after the picture: ignored");
    return TRUE;
  }
  if (!gst_video_info_from_caps (&video, caps) || !check_colors (self, sink->input, &video))
    return FALSE;
  sink->video = video;
  return TRUE;
}

/* What is said of this stream counts more than what is said of all that it came with. */
static gint
orientation_of (const I2vSink *sink)
{
  gint own = sink->orientation[GST_TAG_SCOPE_STREAM];

  return own != 0 ? own : sink->orientation[GST_TAG_SCOPE_GLOBAL];
}

static void
take_tags (I2vSink *sink, GstEvent *event)
{
  GstTagList *tags;
  gint orientation;

  gst_event_parse_tag (event, &tags);
  orientation = t2v_picture_orientation (tags);
  if (orientation != 0)
    sink->orientation[gst_tag_list_get_scope (tags)] = orientation;
}

/* A flush from upstream goes through: what was made of the old picture is stale. The base class
 * pushes the events on and stops, then starts, its task. */
static gboolean
flush (GstI2v *self, T2vInput input, GstEvent *event)
{
  GstElement *element = GST_ELEMENT (self);

  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP) {
    GstPad *src = GST_BASE_SRC_PAD (self);

    GST_PAD_STREAM_LOCK (src);
    t2v_stream_drop_picture (t2v_base_stream (self), input);
    GST_PAD_STREAM_UNLOCK (src);
  }
  return gst_element_send_event (element, event);
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstI2v *self = (GstI2v *) parent;
  I2vSink *sink = gst_pad_get_element_private (pad);
  gboolean ok = TRUE;
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      ok = take_caps (self, sink, caps);
      break;
    case GST_EVENT_STREAM_START:
      memset (sink->orientation, 0, sizeof (sink->orientation));
      break;
    case GST_EVENT_TAG:
      take_tags (sink, event);
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &sink->segment);
      break;
    case GST_EVENT_EOS:
      t2v_input_end (t2v_stream_inputs (t2v_base_stream (self)), sink->input);
      break;
    case GST_EVENT_FLUSH_START:
    case GST_EVENT_FLUSH_STOP:
      return flush (self, sink->input, event);
    default:
      break;
  }
  gst_event_unref (event);
  return ok;
}

/* Who can only give what cannot pass may try: the caps event then says by name what is wrong. */
static void
answer_caps (GstI2v *self, GstQuery *query)
{
  GstCaps *caps = t2v_stream_passing_caps (t2v_base_stream (self)), *filter, *both;
  GstCaps *wider = t2v_clip_opaque_caps ();

  gst_query_parse_caps (query, &filter);
  if (filter != NULL) {
    if (!gst_caps_can_intersect (filter, caps))
      gst_caps_replace (&caps, gst_caps_can_intersect (filter, wider) ? wider : filter);
    both = gst_caps_intersect_full (filter, caps, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (caps);
    caps = both;
  }
  gst_query_set_caps_result (query, caps);
  gst_caps_unref (caps);
  gst_caps_unref (wider);
}

/* What comes out has its own time, length and buffers: upstream is told nothing of it. */
static gboolean
sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstI2v *self = (GstI2v *) parent;
  gboolean pass = passes (self, gst_pad_get_element_private (pad));

  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_CAPS:
      if (!pass)
        return gst_pad_query_default (pad, parent, query);
      answer_caps (self, query);
      return TRUE;
    case GST_QUERY_ACCEPT_CAPS:
      if (!pass)
        return gst_pad_query_default (pad, parent, query);
      gst_query_set_accept_caps_result (query, TRUE);
      return TRUE;
    default:
      return FALSE;
  }
}

/* The frames pass as they are, so the new ones would have to lie as they do, which no model makes.
 */
static GstFlowReturn
pass (GstI2v *self, I2vSink *sink, GstPad *pad, GstBuffer *buffer)
{
  gint orientation = orientation_of (sink);

  if (orientation > 1) {
    gst_buffer_unref (buffer);
    GST_ELEMENT_ERROR (self, STREAM, FORMAT,
        ("orientation: expected rotate-0 "
         "with mode=extend, got %s from the input",
            t2v_picture_orientation_word (orientation)),
        ("videoflip video-direction=auto ! taginject "
         "tags=image-orientation=rotate-0 in front of i2v turns it"));
    return GST_FLOW_ERROR;
  }
  return t2v_extend_take (
      t2v_stream_extend (t2v_base_stream (self)), pad, buffer, &sink->segment, &sink->video);
}

static GstFlowReturn
sink_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstI2v *self = (GstI2v *) parent;
  I2vSink *sink = gst_pad_get_element_private (pad);

  if (GST_VIDEO_INFO_WIDTH (&sink->video) == 0) {
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }
  if (passes (self, sink))
    return pass (self, sink, pad, buffer);
  t2v_input_take (t2v_stream_inputs (t2v_base_stream (self)), sink->input, buffer, &sink->video,
      orientation_of (sink));
  return GST_FLOW_EOS;
}

/* Not yet the element's. */
static GstPad *
make_sink (GstI2v *self, GstPadTemplate *template, const gchar *name, T2vInput input)
{
  I2vSink *sink = &self->sinks[input];
  GstPad *pad = gst_pad_new_from_template (template, name);

  sink->input = input;
  sink->pad = pad;
  gst_video_info_init (&sink->video);
  gst_segment_init (&sink->segment, GST_FORMAT_UNDEFINED);
  gst_pad_set_element_private (pad, sink);
  gst_pad_set_chain_function (pad, GST_DEBUG_FUNCPTR (sink_chain));
  gst_pad_set_event_function (pad, GST_DEBUG_FUNCPTR (sink_event));
  gst_pad_set_query_function (pad, GST_DEBUG_FUNCPTR (sink_query));
  t2v_input_want (t2v_stream_inputs (t2v_base_stream (self)), input, TRUE);
  return pad;
}

/* One pad of a kind, and none while a clip is made: what conditions it is settled at its start. */
static GstPad *
request_new_pad (
    GstElement *element, GstPadTemplate *template, const gchar *name, const GstCaps *caps)
{
  GstI2v *self = (GstI2v *) element;
  const gchar *wanted = GST_PAD_TEMPLATE_NAME_TEMPLATE (template);
  T2vInput input = T2V_INPUT_LAST;
  GstPad *pad;

  while (input < T2V_INPUTS && !g_str_equal (wanted, t2v_input_name (input)))
    input++;
  if (input == T2V_INPUTS)
    return GST_ELEMENT_CLASS (gst_i2v_parent_class)
        ->request_new_pad (element, template, name, caps);
  pad = gst_element_get_static_pad (element, wanted);
  if (pad != NULL || t2v_stream_is_open (t2v_base_stream (self))) {
    GST_WARNING_OBJECT (self, "%s: expected one, requested in NULL or READY", wanted);
    gst_clear_object (&pad);
    return NULL;
  }
  pad = make_sink (self, template, wanted, input);
  t2v_base_add_request_pad (&self->parent, pad);
  return pad;
}

static void
release_pad (GstElement *element, GstPad *pad)
{
  GstI2v *self = (GstI2v *) element;
  I2vSink *sink = self->sinks;

  while (sink < self->sinks + T2V_INPUTS && sink->pad != pad)
    sink++;
  if (sink == self->sinks + T2V_INPUTS) {
    GST_ELEMENT_CLASS (gst_i2v_parent_class)->release_pad (element, pad);
    return;
  }
  sink->pad = NULL;
  gst_pad_set_active (pad, FALSE);
  t2v_input_want (t2v_stream_inputs (t2v_base_stream (self)), sink->input, FALSE);
  t2v_input_forget (t2v_stream_inputs (t2v_base_stream (self)), sink->input);
  t2v_base_remove_request_pad (&self->parent, pad);
}

static void
gst_i2v_init (GstI2v *self)
{
  GstElement *element = GST_ELEMENT (self);

  gst_element_add_pad (element,
      make_sink (self, gst_element_class_get_pad_template (GST_ELEMENT_GET_CLASS (self), "sink"),
          "sink", T2V_INPUT_FIRST));
}

static void
gst_i2v_class_init (GstI2vClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstCaps *caps = t2v_clip_picture_caps ();

  element_class->request_new_pad = GST_DEBUG_FUNCPTR (request_new_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR (release_pad);
  t2v_base_install_picture_options (G_OBJECT_CLASS (klass));
  gst_element_class_set_static_metadata (
      element_class, "Image to video", "Filter/Effect/Video", "Makes a picture move", "Zoetrope");
  gst_element_class_add_pad_template (
      element_class, gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_element_class_add_pad_template (
      element_class, gst_pad_template_new ("last", GST_PAD_SINK, GST_PAD_REQUEST, caps));
  gst_element_class_add_pad_template (
      element_class, gst_pad_template_new ("mask", GST_PAD_SINK, GST_PAD_REQUEST, caps));
  gst_caps_unref (caps);
}
