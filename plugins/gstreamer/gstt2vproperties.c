/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vproperties.c - see gstt2vproperties.h
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vproperties.h"
#include "gstt2vlive.h"

struct _T2vProperties {
  GMutex lock;
  T2vSettings values;
  gboolean link_length; /* as set by a link, and by nothing since */
  gboolean link_model;
};

T2vProperties *
t2v_properties_new (void)
{
  T2vProperties *properties = g_new0 (T2vProperties, 1);

  g_mutex_init (&properties->lock);
  t2v_settings_init (&properties->values);
  return properties;
}

void
t2v_properties_free (T2vProperties *properties)
{
  t2v_settings_clear (&properties->values);
  g_mutex_clear (&properties->lock);
  g_free (properties);
}

static void
install_hints (GObjectClass *klass)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  gint most_side = (gint) t2v_option_info (T2V_OPTION_size)->max;
  gint most_num, most_den;

  gst_util_double_to_fraction (t2v_option_info (T2V_OPTION_rate)->max, &most_num, &most_den);
  g_object_class_install_property (klass, T2V_PROPERTY_WIDTH,
      g_param_spec_int ("width", "width",
          "preferred width where the caps leave it open; 0 = the model's own", 0, most_side, 0,
          flags));
  g_object_class_install_property (klass, T2V_PROPERTY_HEIGHT,
      g_param_spec_int ("height", "height",
          "preferred height where the caps leave it open; 0 = the model's own", 0, most_side, 0,
          flags));
  g_object_class_install_property (klass, T2V_PROPERTY_FRAMERATE,
      gst_param_spec_fraction ("framerate", "framerate",
          "preferred rate where the caps leave it open; 0/1 = the model's own", 0, 1, most_num,
          most_den, 0, 1, flags));
  g_object_class_install_property (klass, T2V_PROPERTY_IS_LIVE,
      g_param_spec_boolean ("is-live", "is-live",
          "keep the pace of the pipeline's clock; late frames move the time line and post QoS",
          FALSE, flags));
  g_object_class_install_property (klass, T2V_PROPERTY_LATENCY,
      g_param_spec_uint64 ("latency", "latency",
          "with is-live: how late a frame may come before it moves the time line, in nanoseconds; "
          "at least one frame's time",
          0, T2V_LIVE_MOST_LATENCY, T2V_LIVE_LATENCY, flags));
}

void
t2v_properties_install (GObjectClass *klass, gboolean of_pictures)
{
  for (gint i = 0; i < T2V_OPTION_COUNT; i++) {
    gboolean of_picture = (t2v_option_info (i)->flags & ZT_OPTION_I2V) != 0;

    if (t2v_option_is_property (i) && of_picture == of_pictures)
      g_object_class_install_property (klass, i + 1, t2v_option_param_spec (i));
  }
  if (!of_pictures)
    install_hints (klass);
}

gboolean
t2v_properties_is_runtime (guint id)
{
  return id <= T2V_OPTION_COUNT && (t2v_option_info (id - 1)->flags & ZT_OPTION_RUNTIME) != 0;
}

/* With the lock. */
static void
set_option (T2vProperties *properties, T2vOption option, const GValue *value)
{
  t2v_options_set (&properties->values.options, option, value);
  /* What the application sets itself is not the link's. */
  if (option == T2V_OPTION_frames || option == T2V_OPTION_duration)
    properties->link_length = FALSE;
  else if (option == T2V_OPTION_model)
    properties->link_model = FALSE;
}

gboolean
t2v_properties_set (T2vProperties *properties, guint id, const GValue *value)
{
  T2vSettings *values = &properties->values;
  gboolean known = TRUE;

  g_mutex_lock (&properties->lock);
  switch (id) {
    case T2V_PROPERTY_WIDTH:
      values->width = g_value_get_int (value);
      break;
    case T2V_PROPERTY_HEIGHT:
      values->height = g_value_get_int (value);
      break;
    case T2V_PROPERTY_FRAMERATE:
      values->rate_num = gst_value_get_fraction_numerator (value);
      values->rate_den = gst_value_get_fraction_denominator (value);
      break;
    default:
      known = id <= T2V_OPTION_COUNT;
      if (known)
        set_option (properties, id - 1, value);
      break;
  }
  g_mutex_unlock (&properties->lock);
  return known;
}

gboolean
t2v_properties_get (T2vProperties *properties, guint id, GValue *value)
{
  const T2vSettings *values = &properties->values;
  gboolean known = TRUE;

  g_mutex_lock (&properties->lock);
  switch (id) {
    case T2V_PROPERTY_WIDTH:
      g_value_set_int (value, values->width);
      break;
    case T2V_PROPERTY_HEIGHT:
      g_value_set_int (value, values->height);
      break;
    case T2V_PROPERTY_FRAMERATE:
      gst_value_set_fraction (value, values->rate_num, values->rate_den);
      break;
    default:
      known = id <= T2V_OPTION_COUNT;
      if (known)
        g_value_copy (&values->options.values[id - 1], value);
      break;
  }
  g_mutex_unlock (&properties->lock);
  return known;
}

void
t2v_properties_reset (T2vProperties *properties, T2vOption option)
{
  g_mutex_lock (&properties->lock);
  t2v_options_reset (&properties->values.options, option);
  g_mutex_unlock (&properties->lock);
}

gchar *
t2v_properties_exchange (
    T2vProperties *properties, T2vOption option, const GValue *value, T2vOldValue *old)
{
  T2vOptions *options = &properties->values.options;
  gchar *text;

  old->value = (GValue) G_VALUE_INIT;
  g_value_init (&old->value, G_VALUE_TYPE (value));
  g_mutex_lock (&properties->lock);
  g_value_copy (&options->values[option], &old->value);
  old->given = options->given[option];
  t2v_options_set (options, option, value);
  text = t2v_options_text (options, option);
  g_mutex_unlock (&properties->lock);
  return text != NULL ? text : g_strdup (t2v_option_info (option)->default_text);
}

void
t2v_properties_restore (
    T2vProperties *properties, T2vOption option, T2vOldValue *old, gboolean put_back)
{
  T2vOptions *options = &properties->values.options;

  if (put_back) {
    g_mutex_lock (&properties->lock);
    g_value_copy (&old->value, &options->values[option]);
    options->given[option] = old->given;
    g_mutex_unlock (&properties->lock);
  }
  g_value_unset (&old->value);
}

gboolean
t2v_properties_parse_link (T2vProperties *properties, const gchar *uri, GError **error)
{
  gboolean good;

  g_mutex_lock (&properties->lock);
  good = t2v_link_parse (uri, &properties->values, error);
  if (good)
    properties->link_length = properties->link_model = TRUE;
  g_mutex_unlock (&properties->lock);
  return good;
}

gchar *
t2v_properties_format_link (T2vProperties *properties)
{
  gchar *uri;

  g_mutex_lock (&properties->lock);
  uri = t2v_link_format (&properties->values);
  g_mutex_unlock (&properties->lock);
  return uri;
}

gboolean
t2v_properties_link_holds (T2vProperties *properties, T2vOption option)
{
  gboolean holds;

  g_mutex_lock (&properties->lock);
  holds = option == T2V_OPTION_model ? properties->link_model : properties->link_length;
  g_mutex_unlock (&properties->lock);
  return holds;
}

const T2vSettings *
t2v_properties_lock (T2vProperties *properties)
{
  g_mutex_lock (&properties->lock);
  return &properties->values;
}

void
t2v_properties_unlock (T2vProperties *properties)
{
  g_mutex_unlock (&properties->lock);
}

gboolean
t2v_properties_cutout (T2vProperties *properties)
{
  gboolean cutout;

  g_mutex_lock (&properties->lock);
  cutout = t2v_options_boolean (&properties->values.options, T2V_OPTION_cutout);
  g_mutex_unlock (&properties->lock);
  return cutout;
}

gboolean
t2v_properties_has_prompt (T2vProperties *properties)
{
  const T2vOptions *options = &properties->values.options;
  gboolean has;

  g_mutex_lock (&properties->lock);
  has = t2v_options_string (options, T2V_OPTION_prompt) != NULL ||
        t2v_options_string (options, T2V_OPTION_prompt_file) != NULL ||
        t2v_options_string (options, T2V_OPTION_storyboard) != NULL;
  g_mutex_unlock (&properties->lock);
  return has;
}
