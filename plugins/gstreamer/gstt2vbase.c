/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vbase.c - the virtual methods of GObject, GstElement, GstBaseSrc and GstPushSrc for t2vsrc
 * and i2v
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vbase.h"
#include "gstt2vclip.h"
#include "gstt2vlive.h"
#include "gstt2vreport.h"
#include "gstt2vsound.h"

#define GST_CAT_DEFAULT zoetrope_debug

typedef struct {
  T2vProperties *properties;
  T2vStream *stream;
} GstT2vBasePrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (GstT2vBase, gst_t2v_base, GST_TYPE_PUSH_SRC);

T2vProperties *
t2v_base_properties (gpointer self)
{
  GstT2vBasePrivate *own = gst_t2v_base_get_instance_private (GST_T2V_BASE (self));

  return own->properties;
}

T2vStream *
t2v_base_stream (gpointer self)
{
  GstT2vBasePrivate *own = gst_t2v_base_get_instance_private (GST_T2V_BASE (self));

  return own->stream;
}

/* ---- Properties ---- */

static void
refuse_late_change (GstT2vBase *self, GParamSpec *spec)
{
  zt_error error = ZT_ERROR_INIT;

  error.status = ZT_ERROR_ARGUMENT;
  g_snprintf (error.message, sizeof (error.message),
      "%s: expected to be set in NULL or READY, got a change while running", spec->name);
  t2v_report_warning (self, &error);
}

/* A run-time option: the new value is kept when nothing runs or the generation takes it. */
static void
steer (GstT2vBase *self, T2vOption option, const GValue *value)
{
  T2vProperties *properties = t2v_base_properties (self);
  T2vStream *stream = t2v_base_stream (self);
  zt_error error = ZT_ERROR_INIT;
  T2vOldValue old;
  gchar *text = t2v_properties_exchange (properties, option, value, &old);
  gboolean taken = t2v_stream_steer (stream, option, text, &error) >= 0;

  t2v_properties_restore (properties, option, &old, !taken);
  if (!taken)
    t2v_report_warning (self, &error);
  else if (option == T2V_OPTION_prompt && t2v_stream_is_open (stream))
    /* The new prompt stands for the file's from now on, also after a seek. */
    t2v_properties_reset (properties, T2V_OPTION_prompt_file);
  g_free (text);
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  GstT2vBase *self = GST_T2V_BASE (object);

  if (t2v_properties_is_runtime (id))
    steer (self, id - 1, value);
  else if (t2v_stream_is_open (t2v_base_stream (self)))
    refuse_late_change (self, spec);
  else if (id == T2V_PROPERTY_IS_LIVE)
    gst_base_src_set_live (GST_BASE_SRC (self), g_value_get_boolean (value));
  else if (id == T2V_PROPERTY_LATENCY)
    t2v_live_set_latency (t2v_stream_live (t2v_base_stream (self)), g_value_get_uint64 (value));
  else if (!t2v_properties_set (t2v_base_properties (self), id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  else if (id == T2V_OPTION_sound + 1)
    t2v_stream_update_sound (t2v_base_stream (self));
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  if (id == T2V_PROPERTY_IS_LIVE)
    g_value_set_boolean (value, gst_base_src_is_live (GST_BASE_SRC (object)));
  else if (id == T2V_PROPERTY_LATENCY)
    g_value_set_uint64 (
        value, t2v_live_latency (t2v_stream_live (t2v_base_stream (GST_T2V_BASE (object)))));
  else if (!t2v_properties_get (t2v_base_properties (object), id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

/* GObject does not hand these two down. */
static void
install_properties (GObjectClass *klass, gboolean of_pictures)
{
  klass->set_property = set_property;
  klass->get_property = get_property;
  t2v_properties_install (klass, of_pictures);
}

void
t2v_base_install_picture_options (GObjectClass *klass)
{
  install_properties (klass, TRUE);
}

/* ---- Pads ---- */

/* GstBaseSrc names its stream by gst_pad_create_stream_id(), which asserts that an element has one
 * sink pad at the most. So the pads that may be requested are on all lists but not in that count.
 */
void
t2v_base_add_request_pad (GstT2vBase *self, GstPad *pad)
{
  GstElement *element = GST_ELEMENT (self);

  gst_element_add_pad (element, pad);
  GST_OBJECT_LOCK (element);
  element->numsinkpads--;
  GST_OBJECT_UNLOCK (element);
}

void
t2v_base_remove_request_pad (GstT2vBase *self, GstPad *pad)
{
  GstElement *element = GST_ELEMENT (self);

  GST_OBJECT_LOCK (element);
  element->numsinkpads++;
  GST_OBJECT_UNLOCK (element);
  gst_element_remove_pad (element, pad);
}

/* The pad of the sound, which the property gives and takes as well. */
static GstPad *
request_sound (GstElement *element, gboolean wanted)
{
  GstPad *pad = gst_element_get_static_pad (element, "audio");

  if (wanted && (pad != NULL || t2v_stream_is_open (t2v_base_stream (element)))) {
    GST_WARNING_OBJECT (element, "audio: expected one, requested in NULL or READY");
    gst_clear_object (&pad);
    return NULL;
  }
  gst_clear_object (&pad);
  g_object_set (element, "sound", wanted, NULL);
  pad = gst_element_get_static_pad (element, "audio");
  if (pad != NULL)
    gst_object_unref (pad); /* the element holds it */
  return pad;
}

static GstPad *
request_new_pad (
    GstElement *element, GstPadTemplate *template, const gchar *name, const GstCaps *caps)
{
  GstPad *pad;

  if (g_str_equal (GST_PAD_TEMPLATE_NAME_TEMPLATE (template), "audio"))
    return request_sound (element, TRUE);
  pad = t2v_stream_request_text (t2v_base_stream (element), template);
  if (pad == NULL)
    GST_WARNING_OBJECT (element, "text: expected one, requested in NULL or READY");
  else
    t2v_base_add_request_pad (GST_T2V_BASE (element), pad);
  return pad;
}

static void
release_pad (GstElement *element, GstPad *pad)
{
  if (GST_PAD_IS_SRC (pad)) {
    request_sound (element, FALSE);
    return;
  }
  t2v_stream_release_text (t2v_base_stream (element), pad);
  t2v_base_remove_request_pad (GST_T2V_BASE (element), pad);
}

/* ---- Start and stop ---- */

static gboolean
start (GstBaseSrc *base)
{
  return t2v_stream_start (t2v_base_stream (base));
}

static gboolean
stop (GstBaseSrc *base)
{
  t2v_stream_stop (t2v_base_stream (base));
  return TRUE;
}

static gboolean
unlock (GstBaseSrc *base)
{
  t2v_stream_set_flushing (t2v_base_stream (base), TRUE);
  return TRUE;
}

static gboolean
unlock_stop (GstBaseSrc *base)
{
  t2v_stream_set_flushing (t2v_base_stream (base), FALSE);
  return TRUE;
}

/* Sink pads are closed after the source pad, so what waits on them is ended here; the streaming
 * thread would be when the base class unlocks it, but this way the generation hears of it first. */
static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    t2v_stream_set_closing (t2v_base_stream (element), FALSE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    t2v_stream_set_closing (t2v_base_stream (element), TRUE);
  return GST_ELEMENT_CLASS (gst_t2v_base_parent_class)->change_state (element, transition);
}

/* ---- Caps and buffers ---- */

static GstCaps *
get_caps (GstBaseSrc *base, GstCaps *filter)
{
  GstCaps *caps = t2v_stream_caps (t2v_base_stream (base)), *both;

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
  return GST_BASE_SRC_CLASS (gst_t2v_base_parent_class)
      ->fixate (base, t2v_stream_fixate (t2v_base_stream (base), caps));
}

/* Only once the pictures are there: until then what is downstream may still change its mind. */
static gboolean
negotiate (GstBaseSrc *base)
{
  GstPad *pad = GST_BASE_SRC_PAD (base);
  GstCaps *ours, *theirs;
  gchar *text;

  if (!t2v_stream_wait_inputs (t2v_base_stream (base)))
    return FALSE;
  if (GST_BASE_SRC_CLASS (gst_t2v_base_parent_class)->negotiate (base))
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
  return t2v_stream_set_caps (t2v_base_stream (base), caps);
}

static gboolean
decide_allocation (GstBaseSrc *base, GstQuery *query)
{
  return t2v_stream_decide_allocation (t2v_base_stream (base), query) &&
         GST_BASE_SRC_CLASS (gst_t2v_base_parent_class)->decide_allocation (base, query);
}

static GstFlowReturn
create (GstPushSrc *push, GstBuffer **buffer)
{
  return t2v_stream_create (t2v_base_stream (push), buffer);
}

/* ---- Seeks and queries ---- */

static gboolean
is_seekable (GstBaseSrc *base)
{
  return t2v_stream_is_seekable (t2v_base_stream (base));
}

/* A seek that cannot be, backwards or while live, is refused before anything stops: the base class
 * would first flush, or wait for a full sink to take the frame in its hands. */
static gboolean
refuses (GstBaseSrc *base, GstEvent *event)
{
  gdouble rate;

  if (GST_EVENT_TYPE (event) != GST_EVENT_SEEK)
    return FALSE;
  gst_event_parse_seek (event, &rate, NULL, NULL, NULL, NULL, NULL, NULL);
  if (gst_base_src_is_live (base))
    GST_INFO_OBJECT (base, "seek: expected none while live, got one");
  else if (t2v_extend_is_on (t2v_stream_extend (t2v_base_stream (base))))
    GST_INFO_OBJECT (base, "seek: expected none with mode=extend, got one");
  else if (rate < 0.0)
    GST_INFO_OBJECT (base, "seek: expected a rate above 0, got %f", rate);
  else
    return FALSE;
  return TRUE;
}

static gboolean
event (GstBaseSrc *base, GstEvent *event)
{
  return !refuses (base, event) &&
         GST_BASE_SRC_CLASS (gst_t2v_base_parent_class)->event (base, event);
}

static gboolean
send_event (GstElement *element, GstEvent *event)
{
  if (refuses (GST_BASE_SRC (element), event)) {
    gst_event_unref (event);
    return FALSE;
  }
  return GST_ELEMENT_CLASS (gst_t2v_base_parent_class)->send_event (element, event);
}

/* Called with the stream stopped. The rate may still be open, so the frame is found later. */
static gboolean
do_seek (GstBaseSrc *base, GstSegment *segment)
{
  segment->time = segment->start;
  t2v_stream_seek (t2v_base_stream (base), segment->position);
  return TRUE;
}

static gboolean
query (GstBaseSrc *base, GstQuery *query)
{
  gint64 frames;
  gint num, den;
  gboolean open = t2v_stream_length (t2v_base_stream (base), &frames, &num, &den);

  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_DURATION:
      if (open && t2v_clip_answer_duration (query, frames, num, den))
        return TRUE;
      break;
    case GST_QUERY_CONVERT:
      if (open && t2v_clip_answer_convert (query, num, den))
        return TRUE;
      break;
    case GST_QUERY_LATENCY:
      if (t2v_live_answer_latency (t2v_stream_live (t2v_base_stream (base)), num, den, query))
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
  return GST_BASE_SRC_CLASS (gst_t2v_base_parent_class)->query (base, query);
}

/* ---- The class ---- */

static void
gst_t2v_base_init (GstT2vBase *self)
{
  GstT2vBasePrivate *own = gst_t2v_base_get_instance_private (self);
  GstBaseSrc *base = GST_BASE_SRC (self);

  own->properties = t2v_properties_new ();
  own->stream = t2v_stream_new (base, own->properties);
  gst_base_src_set_format (base, GST_FORMAT_TIME);
  gst_base_src_set_live (base, FALSE);
}

static void
finalize (GObject *object)
{
  t2v_stream_free (t2v_base_stream (object));
  t2v_properties_free (t2v_base_properties (object));
  G_OBJECT_CLASS (gst_t2v_base_parent_class)->finalize (object);
}

static void
add_pad_templates (GstElementClass *klass)
{
  GstCaps *caps = t2v_clip_template_caps ();

  gst_element_class_add_pad_template (
      klass, gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_caps_unref (caps);
  caps = gst_caps_from_string ("audio/x-raw, format = (string) " T2V_SOUND_FORMAT
                               ", rate = (int) [ 1, max ], channels = (int) [ 1, 2 ], "
                               "layout = (string) interleaved");
  gst_element_class_add_pad_template (
      klass, gst_pad_template_new ("audio", GST_PAD_SRC, GST_PAD_REQUEST, caps));
  gst_caps_unref (caps);
  caps = gst_caps_from_string ("text/x-raw, format = (string) { utf8, "
                               "pango-markup }");
  gst_element_class_add_pad_template (
      klass, gst_pad_template_new ("text", GST_PAD_SINK, GST_PAD_REQUEST, caps));
  gst_caps_unref (caps);
}

static void
gst_t2v_base_class_init (GstT2vBaseClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *base_class = GST_BASE_SRC_CLASS (klass);

  object_class->finalize = finalize;
  install_properties (object_class, FALSE);
  element_class->change_state = GST_DEBUG_FUNCPTR (change_state);
  element_class->send_event = GST_DEBUG_FUNCPTR (send_event);
  element_class->request_new_pad = GST_DEBUG_FUNCPTR (request_new_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR (release_pad);
  add_pad_templates (element_class);

  base_class->start = GST_DEBUG_FUNCPTR (start);
  base_class->stop = GST_DEBUG_FUNCPTR (stop);
  base_class->unlock = GST_DEBUG_FUNCPTR (unlock);
  base_class->unlock_stop = GST_DEBUG_FUNCPTR (unlock_stop);
  base_class->get_caps = GST_DEBUG_FUNCPTR (get_caps);
  base_class->fixate = GST_DEBUG_FUNCPTR (fixate);
  base_class->negotiate = GST_DEBUG_FUNCPTR (negotiate);
  base_class->set_caps = GST_DEBUG_FUNCPTR (set_caps);
  base_class->decide_allocation = GST_DEBUG_FUNCPTR (decide_allocation);
  base_class->get_times = GST_DEBUG_FUNCPTR (t2v_live_times);
  base_class->is_seekable = GST_DEBUG_FUNCPTR (is_seekable);
  base_class->event = GST_DEBUG_FUNCPTR (event);
  base_class->do_seek = GST_DEBUG_FUNCPTR (do_seek);
  base_class->query = GST_DEBUG_FUNCPTR (query);
  GST_PUSH_SRC_CLASS (klass)->create = GST_DEBUG_FUNCPTR (create);
}
