/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vclip.c - see gstt2vclip.h
 *
 * The engine converts to the negotiated format. Caps always have colorimetry: without it, elements
 * take pictures of less than 577 lines for BT.601.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "gstt2vclip.h"

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define WORDS(name)  name "LE"
#define FORMAT(name) name##LE
#else
#define WORDS(name)  name "BE"
#define FORMAT(name) name##BE
#endif

typedef struct {
  GstVideoFormat format;
  const gchar *name;
  zt_pixel_format engine;
  const gchar *colorimetry;
  const gchar *chroma_site;
} Format;

/* Chroma is sited left: "mpeg2" is GStreamer's word for it. 4:4:4 and RGB have no siting. */
static const Format opaque_formats[] = {
  { GST_VIDEO_FORMAT_I420, "I420", ZT_PIXEL_YUV420P, "bt709", "mpeg2" },
  { GST_VIDEO_FORMAT_Y42B, "Y42B", ZT_PIXEL_YUV422P, "bt709", "mpeg2" },
  { GST_VIDEO_FORMAT_Y444, "Y444", ZT_PIXEL_YUV444P, "bt709", NULL },
  { FORMAT (GST_VIDEO_FORMAT_I420_10), WORDS ("I420_10"), ZT_PIXEL_YUV420P10, "bt709", "mpeg2" },
  { FORMAT (GST_VIDEO_FORMAT_I422_10), WORDS ("I422_10"), ZT_PIXEL_YUV422P10, "bt709", "mpeg2" },
  { FORMAT (GST_VIDEO_FORMAT_Y444_10), WORDS ("Y444_10"), ZT_PIXEL_YUV444P10, "bt709", NULL },
  { GST_VIDEO_FORMAT_GBR, "GBR", ZT_PIXEL_GBRP, "sRGB", NULL },
  { FORMAT (GST_VIDEO_FORMAT_GBR_10), WORDS ("GBR_10"), ZT_PIXEL_GBRP10, "sRGB", NULL },
  { GST_VIDEO_FORMAT_RGB, "RGB", ZT_PIXEL_RGB24, "sRGB", NULL },
};

/* Of cutouts, and of pictures that come in. A fourth plane is alpha to the engine too. RGBA first:
 * who lays such a picture over another has nothing to gain from smaller chroma. */
static const Format alpha_formats[] = {
  { GST_VIDEO_FORMAT_RGBA, "RGBA", ZT_PIXEL_RGBA, "sRGB", NULL },
  { FORMAT (GST_VIDEO_FORMAT_RGBA64_), WORDS ("RGBA64_"), ZT_PIXEL_RGBA64, "sRGB", NULL },
  { GST_VIDEO_FORMAT_GBRA, "GBRA", ZT_PIXEL_GBRP, "sRGB", NULL },
  { FORMAT (GST_VIDEO_FORMAT_GBRA_10), WORDS ("GBRA_10"), ZT_PIXEL_GBRP10, "sRGB", NULL },
  { GST_VIDEO_FORMAT_A420, "A420", ZT_PIXEL_YUV420P, "bt709", "mpeg2" },
  { FORMAT (GST_VIDEO_FORMAT_A420_10), WORDS ("A420_10"), ZT_PIXEL_YUV420P10, "bt709", "mpeg2" },
  { FORMAT (GST_VIDEO_FORMAT_A422_10), WORDS ("A422_10"), ZT_PIXEL_YUV422P10, "bt709", "mpeg2" },
  { FORMAT (GST_VIDEO_FORMAT_A444_10), WORDS ("A444_10"), ZT_PIXEL_YUV444P10, "bt709", NULL },
};

/* Number `index` of both tables, without alpha first; NULL behind the last. */
static const Format *
format_at (guint index)
{
  if (index < G_N_ELEMENTS (opaque_formats))
    return &opaque_formats[index];
  index -= G_N_ELEMENTS (opaque_formats);
  return index < G_N_ELEMENTS (alpha_formats) ? &alpha_formats[index] : NULL;
}

/* As wide as the option table: a model's own limits are narrower. `count`: of formats. */
static GstCaps *
table_caps (guint count)
{
  const T2vOptionInfo *size = t2v_option_info (T2V_OPTION_size);
  const T2vOptionInfo *rate = t2v_option_info (T2V_OPTION_rate);
  gint min_num, min_den, max_num, max_den;
  GValue all = G_VALUE_INIT, name = G_VALUE_INIT;
  GstCaps *caps;

  g_value_init (&all, GST_TYPE_LIST);
  g_value_init (&name, G_TYPE_STRING);
  for (guint i = 0; i < count; i++) {
    g_value_set_static_string (&name, format_at (i)->name);
    gst_value_list_append_value (&all, &name);
  }
  gst_util_double_to_fraction (rate->min, &min_num, &min_den);
  gst_util_double_to_fraction (rate->max, &max_num, &max_den);
  caps = gst_caps_new_simple ("video/x-raw", "width", GST_TYPE_INT_RANGE, (gint) size->min,
      (gint) size->max, "height", GST_TYPE_INT_RANGE, (gint) size->min, (gint) size->max,
      "framerate", GST_TYPE_FRACTION_RANGE, min_num, min_den, max_num, max_den, NULL);
  gst_structure_take_value (gst_caps_get_structure (caps, 0), "format", &all);
  g_value_unset (&name);
  return caps;
}

GstCaps *
t2v_clip_template_caps (void)
{
  return table_caps (G_N_ELEMENTS (opaque_formats) + G_N_ELEMENTS (alpha_formats));
}

GstCaps *
t2v_clip_opaque_caps (void)
{
  return table_caps (G_N_ELEMENTS (opaque_formats));
}

GstCaps *
t2v_clip_picture_caps (void)
{
  GstCaps *caps = t2v_clip_template_caps ();

  gst_caps_set_simple (caps, "width", GST_TYPE_INT_RANGE, 1, 16384, "height", GST_TYPE_INT_RANGE, 1,
      16384, "framerate", GST_TYPE_FRACTION_RANGE, 0, 1, G_MAXINT, 1, NULL);
  return caps;
}

/* An int, or a range of ints. */
static void
init_side (GValue *value, gint min, gint max, gint step)
{
  if (min == max) {
    g_value_init (value, G_TYPE_INT);
    g_value_set_int (value, min);
  } else {
    g_value_init (value, GST_TYPE_INT_RANGE);
    /* GStreamer counts steps from 0, the engine from the smallest size; where these differ the
     * engine refuses what falls between. */
    if (step > 1 && min % step == 0 && max % step == 0)
      gst_value_set_int_range_step (value, min, max, step);
    else
      gst_value_set_int_range (value, min, max);
  }
}

static void
init_rates (GValue *value, const zt_rational *rates)
{
  GValue rate = G_VALUE_INIT;

  g_value_init (value, GST_TYPE_LIST);
  g_value_init (&rate, GST_TYPE_FRACTION);
  for (; rates->num != 0; rates++) {
    gst_value_set_fraction (&rate, rates->num, rates->den);
    gst_value_list_append_value (value, &rate);
  }
  g_value_unset (&rate);
}

GstCaps *
t2v_clip_model_caps (const zt_model_info *model, gboolean cutout)
{
  const Format *formats = cutout ? alpha_formats : opaque_formats;
  guint count = cutout ? G_N_ELEMENTS (alpha_formats) : G_N_ELEMENTS (opaque_formats);
  GValue width = G_VALUE_INIT, height = G_VALUE_INIT, rates = G_VALUE_INIT;
  GstCaps *caps = gst_caps_new_empty ();

  init_side (&width, model->min_width, model->max_width, model->size_step);
  init_side (&height, model->min_height, model->max_height, model->size_step);
  init_rates (&rates, model->rates);

  for (guint i = 0; i < count; i++) {
    GstStructure *s = gst_structure_new ("video/x-raw", "format", G_TYPE_STRING, formats[i].name,
        "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, "interlace-mode", G_TYPE_STRING,
        "progressive", "colorimetry", G_TYPE_STRING, formats[i].colorimetry, NULL);

    if (formats[i].chroma_site)
      gst_structure_set (s, "chroma-site", G_TYPE_STRING, formats[i].chroma_site, NULL);
    gst_structure_set_value (s, "width", &width);
    gst_structure_set_value (s, "height", &height);
    gst_structure_set_value (s, "framerate", &rates);
    gst_caps_append_structure (caps, s);
  }
  g_value_unset (&width);
  g_value_unset (&height);
  g_value_unset (&rates);
  return caps;
}

/* Whatever the next element lists first: encoders like to begin with 4:4:4, which few players show.
 */
GstCaps *
t2v_clip_choose_format (GstCaps *caps)
{
  for (guint i = 0; format_at (i) != NULL; i++) {
    GstCaps *wanted =
        gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, format_at (i)->name, NULL);
    GstCaps *left;

    gst_caps_set_features_simple (wanted, gst_caps_features_new_any ());
    left = gst_caps_intersect_full (caps, wanted, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (wanted);
    if (!gst_caps_is_empty (left)) {
      gst_caps_unref (caps);
      caps = left;
      break;
    }
    gst_caps_unref (left);
  }
  return gst_caps_make_writable (gst_caps_truncate (caps));
}

zt_pixel_format
t2v_clip_caps_format (const GstCaps *caps)
{
  const gchar *name = gst_structure_get_string (gst_caps_get_structure (caps, 0), "format");

  return name == NULL ? ZT_PIXEL_DEFAULT
                      : t2v_clip_pixel_format (gst_video_format_from_string (name));
}

/* A side that changed as another did, even for the formats that need it. */
static gint
scaled (gint side, gint from, gint to)
{
  return to == from ? side : MAX ((gint) gst_util_uint64_scale_round (side, to, from) & ~1, 2);
}

static gint
fixate_side (GstStructure *s, const gchar *name, gint wanted)
{
  gst_structure_fixate_field_nearest_int (s, name, wanted);
  gst_structure_get_int (s, name, &wanted);
  return wanted;
}

/* A picture's size: where the caps or a hint hold one side, the other goes with it. */
static void
fixate_in_shape (GstStructure *s, const T2vSettings *settings, const T2vSize *own)
{
  GstStructure *open = gst_structure_copy (s);
  gint width = settings->width > 0    ? settings->width
               : settings->height > 0 ? scaled (own->width, own->height, settings->height)
                                      : own->width;
  gint height = settings->height > 0 ? settings->height : scaled (own->height, own->width, width);
  gint width_got = fixate_side (s, "width", width);
  gint height_wanted = scaled (height, width, width_got);
  gint height_got = fixate_side (s, "height", height_wanted);

  if (height_got != height_wanted) {
    gst_structure_set_value (s, "width", gst_structure_get_value (open, "width"));
    fixate_side (s, "width", scaled (width, height, height_got));
  }
  gst_structure_free (open);
}

GstCaps *
t2v_clip_fixate (
    GstCaps *caps, const zt_model_info *model, const T2vSettings *settings, const T2vSize *own)
{
  GstStructure *s;
  gint num = model->rates[0].num, den = model->rates[0].den;

  if (settings->rate_num > 0) {
    num = settings->rate_num;
    den = settings->rate_den;
  }
  caps = gst_caps_make_writable (caps);
  s = gst_caps_get_structure (caps, 0);
  if (model->picture_size) {
    fixate_in_shape (s, settings, own);
  } else {
    fixate_side (s, "width", settings->width > 0 ? settings->width : own->width);
    fixate_side (s, "height", settings->height > 0 ? settings->height : own->height);
  }
  gst_structure_fixate_field_nearest_fraction (s, "framerate", num, den);
  return caps;
}

zt_pixel_format
t2v_clip_pixel_format (GstVideoFormat format)
{
  for (guint i = 0; format_at (i) != NULL; i++) {
    if (format_at (i)->format == format)
      return format_at (i)->engine;
  }
  return ZT_PIXEL_DEFAULT;
}

/* All values of one field, "24/1, 25/1". */
static gchar *
field_text (const GstCaps *caps, const gchar *field)
{
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    const GValue *value = gst_structure_get_value (gst_caps_get_structure (caps, i), field);
    gchar *one = value ? gst_value_serialize (value) : NULL;

    if (one != NULL && strstr (all->str, one) == NULL)
      g_string_append_printf (all, "%s%s", all->len ? ", " : "", one);
    g_free (one);
  }
  return g_string_free (all, FALSE);
}

/* Whether some structure of ours and some of theirs agree on a field. */
static gboolean
field_meets (const GstCaps *ours, const GstCaps *theirs, const gchar *field)
{
  for (guint a = 0; a < gst_caps_get_size (ours); a++) {
    for (guint b = 0; b < gst_caps_get_size (theirs); b++) {
      const GValue *x = gst_structure_get_value (gst_caps_get_structure (ours, a), field);
      const GValue *y = gst_structure_get_value (gst_caps_get_structure (theirs, b), field);

      if (x == NULL || y == NULL || gst_value_intersect (NULL, x, y))
        return TRUE;
    }
  }
  return FALSE;
}

gchar *
t2v_clip_disagreement (const GstCaps *ours, const GstCaps *theirs, const gchar *whose)
{
  static const gchar *fields[] = { "format", "width", "height", "framerate", "colorimetry",
    "chroma-site", "pixel-aspect-ratio", "interlace-mode" };
  gchar *expected, *got, *text;

  for (guint i = 0; i < G_N_ELEMENTS (fields); i++) {
    if (field_meets (ours, theirs, fields[i]))
      continue;
    expected = field_text (ours, fields[i]);
    got = field_text (theirs, fields[i]);
    text = g_strdup_printf ("%s: expected %s, got %s from %s", fields[i], expected, got, whose);
    g_free (expected);
    g_free (got);
    return text;
  }
  got = gst_caps_to_string (theirs);
  text = g_strdup_printf ("caps: expected video/x-raw with a format, size and "
                          "rate of the model together, got %s from %s",
      got, whose);
  g_free (got);
  return text;
}

GstClockTime
t2v_clip_frame_time (gint64 frame, gint num, gint den)
{
  return gst_util_uint64_scale (frame, den * GST_SECOND, num);
}

gint64
t2v_clip_frame_at (GstClockTime time, gint num, gint den)
{
  gint64 frame = gst_util_uint64_scale (time, num, den * GST_SECOND);

  /* A frame's time, rounded to a microsecond either way, is that frame. */
  if (t2v_clip_frame_time (frame + 1, num, den) <= time + GST_USECOND)
    frame++;
  return frame;
}

gboolean
t2v_clip_answer_duration (GstQuery *query, gint64 frames, gint num, gint den)
{
  GstFormat format;

  gst_query_parse_duration (query, &format, NULL);
  if (format == GST_FORMAT_TIME && frames >= 0)
    frames = (gint64) t2v_clip_frame_time (frames, num, den);
  else if (format != GST_FORMAT_TIME && format != GST_FORMAT_DEFAULT)
    return FALSE;
  gst_query_set_duration (query, format, frames);
  return TRUE;
}

gboolean
t2v_clip_answer_convert (GstQuery *query, gint num, gint den)
{
  GstFormat from, to;
  gint64 value, result;

  gst_query_parse_convert (query, &from, &value, &to, NULL);
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
