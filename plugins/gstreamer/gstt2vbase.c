/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vbase.c - what t2vsrc and i2v have in common: class, properties, states
 *
 * How frames are made: gstt2vstream.c; how they are pushed: gstt2vpush.c.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vbase.h"

#define GST_CAT_DEFAULT zoetrope_debug

enum {
  /* An option's property is its number + 1. */
  PROP_WIDTH = T2V_OPTION_COUNT + 1,
  PROP_HEIGHT,
  PROP_FRAMERATE,
  PROP_IS_LIVE
};

G_DEFINE_ABSTRACT_TYPE (GstT2vBase, gst_t2v_base, GST_TYPE_PUSH_SRC);

gboolean
t2v_base_is_open (GstT2vBase *self)
{
  gboolean open;

  g_mutex_lock (&self->stream.lock);
  open = self->stream.model != NULL;
  g_mutex_unlock (&self->stream.lock);
  return open;
}

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
  T2vSrcSettings *settings = &self->settings;
  T2vOptions *options = &settings->values.options;
  GValue old = G_VALUE_INIT;
  gboolean old_given, had_file;
  zt_error error = ZT_ERROR_INIT;
  gchar *text;

  g_value_init (&old, G_VALUE_TYPE (value));
  g_mutex_lock (&settings->lock);
  g_value_copy (&options->values[option], &old);
  old_given = options->given[option];
  t2v_options_set (options, option, value);
  text = t2v_options_text (options, option);
  had_file = options->given[T2V_OPTION_prompt_file];
  g_mutex_unlock (&settings->lock);

  if (text == NULL)
    text = g_strdup (t2v_option_info (option)->default_text);
  if (t2v_stream_steer (self, option, text, &error) < 0) {
    g_mutex_lock (&settings->lock);
    g_value_copy (&old, &options->values[option]);
    options->given[option] = old_given;
    g_mutex_unlock (&settings->lock);
    t2v_report_warning (self, &error);
  } else if (option == T2V_OPTION_prompt && had_file && t2v_base_is_open (self)) {
    /* The new prompt stands for the file's from now on, also after a seek. */
    g_mutex_lock (&settings->lock);
    t2v_options_reset (options, T2V_OPTION_prompt_file);
    g_mutex_unlock (&settings->lock);
  }
  g_free (text);
  g_value_unset (&old);
}

static void
gst_t2v_base_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  GstT2vBase *self = GST_T2V_BASE (object);
  T2vSettings *values = &self->settings.values;

  if (id <= T2V_OPTION_COUNT && (t2v_option_info (id - 1)->flags & ZT_OPTION_RUNTIME)) {
    steer (self, id - 1, value);
    return;
  }
  if (t2v_base_is_open (self)) {
    refuse_late_change (self, spec);
    return;
  }

  g_mutex_lock (&self->settings.lock);
  switch (id) {
    case PROP_WIDTH:
      values->width = g_value_get_int (value);
      break;
    case PROP_HEIGHT:
      values->height = g_value_get_int (value);
      break;
    case PROP_FRAMERATE:
      values->rate_num = gst_value_get_fraction_numerator (value);
      values->rate_den = gst_value_get_fraction_denominator (value);
      break;
    case PROP_IS_LIVE:
      gst_base_src_set_live (GST_BASE_SRC (self), g_value_get_boolean (value));
      break;
    default:
      if (id > T2V_OPTION_COUNT) {
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
        break;
      }
      t2v_options_set (&values->options, id - 1, value);
      /* What the application sets itself is not the link's. */
      if (id - 1 == T2V_OPTION_frames || id - 1 == T2V_OPTION_duration)
        self->settings.link_length = FALSE;
      else if (id - 1 == T2V_OPTION_model)
        self->settings.link_model = FALSE;
      break;
  }
  g_mutex_unlock (&self->settings.lock);
}

static void
gst_t2v_base_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  GstT2vBase *self = GST_T2V_BASE (object);
  const T2vSettings *values = &self->settings.values;

  g_mutex_lock (&self->settings.lock);
  switch (id) {
    case PROP_WIDTH:
      g_value_set_int (value, values->width);
      break;
    case PROP_HEIGHT:
      g_value_set_int (value, values->height);
      break;
    case PROP_FRAMERATE:
      gst_value_set_fraction (value, values->rate_num, values->rate_den);
      break;
    case PROP_IS_LIVE:
      g_value_set_boolean (value, gst_base_src_is_live (GST_BASE_SRC (self)));
      break;
    default:
      if (id <= T2V_OPTION_COUNT)
        g_value_copy (&values->options.values[id - 1], value);
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
      break;
  }
  g_mutex_unlock (&self->settings.lock);
}

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

static GstPad *
gst_t2v_base_request_new_pad (
    GstElement *element, GstPadTemplate *template, const gchar *name, const GstCaps *caps)
{
  return t2v_text_request (GST_T2V_BASE (element), template);
}

static void
gst_t2v_base_release_pad (GstElement *element, GstPad *pad)
{
  t2v_text_release (GST_T2V_BASE (element), pad);
}

/* Sink pads must not wait while they are closed, after the source pad. */
static void
set_closing (GstT2vBase *self, gboolean closing)
{
  g_mutex_lock (&self->wait.lock);
  self->wait.closing = closing;
  g_cond_broadcast (&self->wait.changed);
  g_mutex_unlock (&self->wait.lock);
}

static GstStateChangeReturn
gst_t2v_base_change_state (GstElement *element, GstStateChange transition)
{
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    set_closing (GST_T2V_BASE (element), FALSE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    set_closing (GST_T2V_BASE (element), TRUE);
    /* The wait would end by itself, when the base class unlocks it; this way the generation hears
     * of it first. */
    t2v_stream_cancel (GST_T2V_BASE (element));
  }
  return GST_ELEMENT_CLASS (gst_t2v_base_parent_class)->change_state (element, transition);
}

static gboolean
gst_t2v_base_send_event (GstElement *element, GstEvent *event)
{
  if (t2v_push_refuses (GST_T2V_BASE (element), event)) {
    gst_event_unref (event);
    return FALSE;
  }
  return GST_ELEMENT_CLASS (gst_t2v_base_parent_class)->send_event (element, event);
}

static void
gst_t2v_base_finalize (GObject *object)
{
  GstT2vBase *self = GST_T2V_BASE (object);

  t2v_stream_finalize (self);
  t2v_settings_clear (&self->settings.values);
  g_mutex_clear (&self->settings.lock);
  G_OBJECT_CLASS (gst_t2v_base_parent_class)->finalize (object);
}

static void
gst_t2v_base_init (GstT2vBase *self)
{
  g_mutex_init (&self->settings.lock);
  t2v_settings_init (&self->settings.values);
  t2v_stream_init (self);

  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
  gst_base_src_set_live (GST_BASE_SRC (self), FALSE);
}

void
t2v_base_install_options (GObjectClass *klass, gboolean of_pictures)
{
  /* GObject does not hand these down. */
  klass->set_property = gst_t2v_base_set_property;
  klass->get_property = gst_t2v_base_get_property;
  for (gint i = 0; i < T2V_OPTION_COUNT; i++) {
    gboolean of_picture = (t2v_option_info (i)->flags & ZT_OPTION_I2V) != 0;

    if (t2v_option_is_property (i) && of_picture == of_pictures)
      g_object_class_install_property (klass, i + 1, t2v_option_param_spec (i));
  }
}

static void
gst_t2v_base_class_init (GstT2vBaseClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  GstCaps *caps;

  object_class->finalize = gst_t2v_base_finalize;
  element_class->change_state = GST_DEBUG_FUNCPTR (gst_t2v_base_change_state);
  element_class->send_event = GST_DEBUG_FUNCPTR (gst_t2v_base_send_event);
  element_class->request_new_pad = GST_DEBUG_FUNCPTR (gst_t2v_base_request_new_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR (gst_t2v_base_release_pad);

  t2v_base_install_options (object_class, FALSE);
  g_object_class_install_property (object_class, PROP_WIDTH,
      g_param_spec_int ("width", "width",
          "preferred width where the caps leave it open; 0 = the model's own", 0, 4096, 0, flags));
  g_object_class_install_property (object_class, PROP_HEIGHT,
      g_param_spec_int ("height", "height",
          "preferred height where the caps leave it open; 0 = the model's own", 0, 4096, 0, flags));
  g_object_class_install_property (object_class, PROP_FRAMERATE,
      gst_param_spec_fraction ("framerate", "framerate",
          "preferred rate where the caps leave it open; 0/1 = the model's own", 0, 1, 240, 1, 0, 1,
          flags));
  g_object_class_install_property (object_class, PROP_IS_LIVE,
      g_param_spec_boolean ("is-live", "is-live",
          "keep the pace of the pipeline's clock; late frames move the time line and post QoS",
          FALSE, flags));

  caps = t2v_clip_template_caps ();
  gst_element_class_add_pad_template (
      element_class, gst_pad_template_new ("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_caps_unref (caps);
  caps = gst_caps_from_string ("text/x-raw, format = (string) { utf8, "
                               "pango-markup }");
  gst_element_class_add_pad_template (
      element_class, gst_pad_template_new ("text", GST_PAD_SINK, GST_PAD_REQUEST, caps));
  gst_caps_unref (caps);

  t2v_push_install (GST_BASE_SRC_CLASS (klass), GST_PUSH_SRC_CLASS (klass));
}
