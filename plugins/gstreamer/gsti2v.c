/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gsti2v.c - the element i2v: a picture comes in and starts to move
 *
 * A source like t2vsrc with a sink pad: the first buffer conditions, then upstream hears EOS. Nothing
 * that comes in is passed on; stream, segment, duration and seeks are the element's own.
 */
/**
 * SECTION:element-i2v
 * @title: i2v
 *
 * Makes the first picture of its input move.
 *
 * ## Example
 * |[
 * gst-launch-1.0 filesrc location=fox.png ! pngdec ! videoconvert ! i2v prompt="the fox starts to run" ! videoconvert ! autovideosink
 * ]|
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vbase.h"

#define GST_CAT_DEFAULT zoetrope_debug

typedef struct
{
  GstT2vBase parent;

  GstPad *sink;
  GstVideoInfo video;           /* of the input; sink thread only, width 0 before caps */
} GstI2v;

typedef struct
{
  GstT2vBaseClass parent_class;
} GstI2vClass;

GType gst_i2v_get_type (void);
G_DEFINE_TYPE (GstI2v, gst_i2v, GST_TYPE_T2V_BASE);
GST_ELEMENT_REGISTER_DEFINE (i2v, "i2v", GST_RANK_NONE, gst_i2v_get_type ());

/* FALSE, with a message, for a picture whose colours the engine cannot read. */
static gboolean
check_colors (GstI2v * self, const GstVideoInfo * video)
{
  GstVideoColorMatrix matrix = video->colorimetry.matrix;
  const gchar *what = NULL;

  if (GST_VIDEO_INFO_IS_YUV (video)) {
    if (matrix != GST_VIDEO_COLOR_MATRIX_BT601
        && matrix != GST_VIDEO_COLOR_MATRIX_BT709
        && matrix != GST_VIDEO_COLOR_MATRIX_BT2020)
      what = "matrix: expected bt601, bt709 or bt2020";
  } else if (video->colorimetry.range == GST_VIDEO_COLOR_RANGE_16_235) {
    what = "range: expected full range for RGB";
  }
  if (what != NULL) {
    gchar *got = gst_video_colorimetry_to_string (&video->colorimetry);

    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("first image: %s, got %s", what,
            got ? got : "none"), ("videoconvert in front of i2v may help"));
    g_free (got);
  }
  return what == NULL;
}

static gboolean
take_caps (GstI2v * self, GstCaps * caps)
{
  GstVideoInfo video;
  gboolean have;

  g_mutex_lock (&self->parent.wait.lock);
  have = self->parent.wait.picture != NULL;
  g_mutex_unlock (&self->parent.wait.lock);
  if (have) {
    GST_WARNING_OBJECT (self, "new caps after the picture: ignored");
    return TRUE;
  }
  if (!gst_video_info_from_caps (&video, caps) || !check_colors (self, &video))
    return FALSE;
  self->video = video;
  return TRUE;
}

/* A flush from upstream goes through: what was made of the old picture is stale. The base class pushes
 * the events on and stops, then starts, its task. */
static gboolean
flush (GstI2v * self, GstEvent * event)
{
  GstElement *element = GST_ELEMENT (self);

  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP) {
    GstPad *src = GST_BASE_SRC_PAD (self);

    GST_PAD_STREAM_LOCK (src);
    t2v_stream_drop_picture (&self->parent);
    GST_PAD_STREAM_UNLOCK (src);
  }
  return gst_element_send_event (element, event);
}

static gboolean
sink_event (GstPad * pad, GstObject * parent, GstEvent * event)
{
  GstI2v *self = (GstI2v *) parent;
  gboolean ok = TRUE;
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      ok = take_caps (self, caps);
      break;
    case GST_EVENT_EOS:
      t2v_picture_end (&self->parent);
      break;
    case GST_EVENT_FLUSH_START:
    case GST_EVENT_FLUSH_STOP:
      return flush (self, event);
    default:
      break;
  }
  gst_event_unref (event);
  return ok;
}

/* What comes out has its own time, length and buffers: upstream is told nothing of it. */
static gboolean
sink_query (GstPad * pad, GstObject * parent, GstQuery * query)
{
  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_CAPS:
    case GST_QUERY_ACCEPT_CAPS:
      return gst_pad_query_default (pad, parent, query);
    default:
      return FALSE;
  }
}

static GstFlowReturn
sink_chain (GstPad * pad, GstObject * parent, GstBuffer * buffer)
{
  GstI2v *self = (GstI2v *) parent;

  if (GST_VIDEO_INFO_WIDTH (&self->video) == 0) {
    gst_buffer_unref (buffer);
    return GST_FLOW_NOT_NEGOTIATED;
  }
  t2v_picture_take (&self->parent, buffer, &self->video);
  return GST_FLOW_EOS;
}

static void
gst_i2v_init (GstI2v * self)
{
  GstPadTemplate *template =
      gst_element_class_get_pad_template (GST_ELEMENT_GET_CLASS (self), "sink");

  self->parent.wait.picture_wanted = TRUE;
  gst_video_info_init (&self->video);
  self->sink = gst_pad_new_from_template (template, "sink");
  gst_pad_set_chain_function (self->sink, GST_DEBUG_FUNCPTR (sink_chain));
  gst_pad_set_event_function (self->sink, GST_DEBUG_FUNCPTR (sink_event));
  gst_pad_set_query_function (self->sink, GST_DEBUG_FUNCPTR (sink_query));
  gst_element_add_pad (GST_ELEMENT (self), self->sink);
}

static void
gst_i2v_class_init (GstI2vClass * klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstCaps *caps = t2v_clip_picture_caps ();

  t2v_base_install_options (G_OBJECT_CLASS (klass), TRUE);
  gst_element_class_set_static_metadata (element_class, "Image to video",
      "Filter/Effect/Video", "Makes a picture move", "Zoetrope");
  gst_element_class_add_pad_template (element_class,
      gst_pad_template_new ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_caps_unref (caps);
}
