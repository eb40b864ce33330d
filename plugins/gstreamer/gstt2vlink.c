/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vlink.c - t2v: links, read and written
 *
 * Strict on purpose: an unknown key, a key given twice, a value out of range or a byte that is not
 * UTF-8 refuses the whole link. Nothing is opened and nothing is loaded here.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <gst/video/video.h>
#include <string.h>

#include "gstt2vlink.h"
#include "zt_clip_url.h"

#define RATE_MAX_PART   1000000
/* How much of somebody's text an error repeats. */
#define QUOTE_MAX_BYTES 200

#define REFUSE(error, ...)                                                                         \
  g_set_error (error, GST_URI_ERROR, GST_URI_ERROR_BAD_REFERENCE, "t2v: " __VA_ARGS__)

void
t2v_settings_init (T2vSettings *settings)
{
  t2v_options_init (&settings->options);
  settings->width = settings->height = 0;
  settings->rate_num = 0;
  settings->rate_den = 1;
}

void
t2v_settings_clear (T2vSettings *settings)
{
  t2v_options_clear (&settings->options);
}

static gchar *
quote (const gchar *text)
{
  gchar *cut = g_strndup (text, QUOTE_MAX_BYTES);
  gchar *escaped = g_strescape (cut, NULL);

  g_free (cut);
  return escaped;
}

static gboolean
refuse_value (GError **error, const gchar *key, const gchar *expected, const gchar *got)
{
  gchar *shown = quote (got);

  REFUSE (error, "%s: expected %s, got \"%s\"", key, expected, shown);
  g_free (shown);
  return FALSE;
}

static gboolean
refuse_form (GError **error, const zt_error *reason)
{
  g_set_error_literal (error, GST_URI_ERROR, GST_URI_ERROR_BAD_REFERENCE, reason->message);
  return FALSE;
}

/* The text that [text, text + length) means; NULL where it is none. */
static gchar *
decode (const gchar *what, const gchar *text, gsize length, GError **error)
{
  gchar *out = g_malloc (length + 1);
  zt_error reason = ZT_ERROR_INIT;

  if (zt_url_decode (what, text, length, out, &reason) == ZT_OK)
    return out;
  refuse_form (error, &reason);
  g_free (out);
  return NULL;
}

/* Digits only, up to eighteen of them, so that nothing overflows. */
static gboolean
read_digits (const gchar **text, gint64 *number)
{
  const gchar *start = *text;

  *number = 0;
  while (g_ascii_isdigit (**text) && *text - start < 18)
    *number = *number * 10 + g_ascii_digit_value (*(*text)++);
  return *text > start && !g_ascii_isdigit (**text);
}

/* ".25" in units of 10^-9; nothing there is 0. Further digits are cut off. */
static gboolean
read_fraction (const gchar **text, gint64 *billionths)
{
  gint64 unit = 100000000;

  *billionths = 0;
  if (**text != '.')
    return TRUE;
  ++*text;
  if (!g_ascii_isdigit (**text))
    return FALSE;
  for (; g_ascii_isdigit (**text); ++*text, unit /= 10)
    *billionths += g_ascii_digit_value (**text) * unit;
  return TRUE;
}

/* "1.5", "[HH:]MM:SS[.m]", "500ms", "20us" as nanoseconds. */
static gboolean
read_time (const gchar *text, gint64 *ns)
{
  gint64 whole, part = 0, total = 0;
  gint parts = 0;

  do {
    if (parts > 0)
      text++;
    if (!read_digits (&text, &whole) || whole > 1000000000)
      return FALSE;
    total = total * 60 + whole;
  } while (*text == ':' && ++parts < 3);

  if (!read_fraction (&text, &part))
    return FALSE;
  if (parts == 0 && strcmp (text, "ms") == 0)
    *ns = total * GST_MSECOND + part / 1000;
  else if (parts == 0 && strcmp (text, "us") == 0)
    *ns = total * GST_USECOND + part / 1000000;
  else if (*text == 0)
    *ns = total * GST_SECOND + part;
  else
    return FALSE;
  return TRUE;
}

/* "24", "24000/1001", "23.976". The two-decimal spellings of NTSC rates mean those rates. */
static gboolean
read_rate (const T2vOptionInfo *info, const gchar *text, gint *num, gint *den)
{
  gint64 a, b = 1, part = 0;

  if (!read_digits (&text, &a) || a > RATE_MAX_PART)
    return FALSE;
  if (*text == '/') {
    text++;
    if (!read_digits (&text, &b) || b > RATE_MAX_PART)
      return FALSE;
  } else if (!read_fraction (&text, &part)) {
    return FALSE;
  }
  if (*text != 0 || (a == 0 && part == 0) || b == 0)
    return FALSE;
  if (part != 0) {
    /* 23.976, 29.97 and 59.94 are how people write the NTSC rates. */
    gst_video_guess_framerate (
        gst_util_uint64_scale (GST_SECOND, GST_SECOND, a * GST_SECOND + part), num, den);
  } else {
    *num = (gint) a;
    *den = (gint) b;
  }
  return *num >= *den * info->min && *num <= *den * info->max;
}

/* Sides of the table, and no more pixels than `most`. */
static gboolean
read_size (const T2vOptionInfo *info, gdouble most, const gchar *text, T2vSettings *settings)
{
  gint64 w, h;

  if (!read_digits (&text, &w) || *text++ != 'x' || !read_digits (&text, &h) || *text != 0 ||
      MIN (w, h) < info->min || MAX (w, h) > info->max || w * h > most)
    return FALSE;
  settings->width = (gint) w;
  settings->height = (gint) h;
  return TRUE;
}

/* 2^63-1 is not a double. */
static gint64
as_integer (gdouble number)
{
  return number >= 9223372036854775807.0 ? G_MAXINT64 : (gint64) number;
}

static gboolean
read_integer (const gchar *text, gdouble min, gdouble max, GValue *value)
{
  gint64 number;

  if (*text == '+' ||
      !g_ascii_string_to_signed (text, 10, as_integer (min), as_integer (max), &number, NULL))
    return FALSE;
  if (G_VALUE_HOLDS_INT64 (value))
    g_value_set_int64 (value, number);
  else
    g_value_set_int (value, (gint) number);
  return TRUE;
}

/* -1 beside values that begin at 0 is a word of its own. */
static gboolean
read_double (const gchar *text, gdouble min, gdouble max, GValue *value)
{
  gchar *end = NULL;
  gdouble number;

  /* No "inf", "nan" or hexadecimal floats. */
  if (*text == 0 || strspn (text, "0123456789.+-eE") != strlen (text))
    return FALSE;
  number = g_ascii_strtod (text, &end);
  if (*end != 0 || number < min || number > max || (number > -1 && number < 0))
    return FALSE;
  g_value_set_double (value, number);
  return TRUE;
}

static gboolean
read_duration (const gchar *text, gdouble most_seconds, GValue *value)
{
  gint64 ns;

  if (!read_time (text, &ns) || ns > (gint64) most_seconds * (gint64) GST_SECOND)
    return FALSE;
  g_value_set_int64 (value, ns);
  return TRUE;
}

/* A word of an enum. */
static gboolean
read_word (const gchar *text, GValue *value)
{
  GEnumClass *klass = g_type_class_ref (G_VALUE_TYPE (value));
  GEnumValue *word = g_enum_get_value_by_nick (klass, text);

  g_type_class_unref (klass);
  if (word != NULL)
    g_value_set_enum (value, word->value);
  return word != NULL;
}

static gboolean
read_switch (const gchar *text, GValue *value)
{
  if (strcmp (text, "0") != 0 && strcmp (text, "1") != 0)
    return FALSE;
  g_value_set_boolean (value, *text == '1');
  return TRUE;
}

static gboolean
read_text (T2vOption option, const gchar *text, GValue *value)
{
  if (option == T2V_OPTION_model && !zt_url_is_model_name (text))
    return FALSE;
  g_value_set_string (value, text);
  return TRUE;
}

/* Reads one value into settings. */
static gboolean
read_value (T2vSettings *settings, T2vOption option, const gchar *text)
{
  const T2vOptionInfo *info = t2v_option_info (option);
  GValue *value = &settings->options.values[option];
  gdouble min = info->min, max = info->max;

  t2v_option_link_range (option, &min, &max);
  switch (info->type) {
    case ZT_OPTION_STRING:
      return read_text (option, text, value);
    case ZT_OPTION_SIZE:
      return read_size (info, max, text, settings);
    case ZT_OPTION_RATE:
      return read_rate (info, text, &settings->rate_num, &settings->rate_den);
    case ZT_OPTION_INT:
      return read_integer (text, min, max, value);
    case ZT_OPTION_TIME:
      return read_duration (text, max, value);
    case ZT_OPTION_DOUBLE:
      return read_double (text, min, max, value);
    case ZT_OPTION_ENUM:
      return read_word (text, value);
    case ZT_OPTION_BOOL:
      return read_switch (text, value);
    case ZT_OPTION_PATH:
    case ZT_OPTION_BYTES:
    case ZT_OPTION_DICT:
      break; /* no link may set one */
  }
  return FALSE;
}

/* What a link may set the option to, in words; free with g_free. */
static gchar *
expectation (T2vOption option)
{
  const T2vOptionInfo *info = t2v_option_info (option);
  gdouble min = info->min, max = info->max;
  gint min_num, min_den, max_num, max_den;

  t2v_option_link_range (option, &min, &max);
  switch (info->type) {
    case ZT_OPTION_SIZE:
      return g_strdup_printf ("WIDTHxHEIGHT, sides from %.0f, at most %.0f pixels", info->min, max);
    case ZT_OPTION_RATE:
      gst_util_double_to_fraction (min, &min_num, &min_den);
      gst_util_double_to_fraction (max, &max_num, &max_den);
      return g_strdup_printf ("frames per second from %d/%d to %d/%d, as 24, 24000/1001 or 23.976",
          min_num, min_den, max_num, max_den);
    case ZT_OPTION_INT:
      return g_strdup_printf ("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
          as_integer (min), as_integer (max));
    case ZT_OPTION_TIME:
      return g_strdup_printf ("a time of at most %.0f s, as 2.5, 00:02.5 or 2500ms", max);
    case ZT_OPTION_DOUBLE:
      return g_strdup_printf ("%sa number from 0 to %.0f", min < 0 ? "-1 or " : "", max);
    case ZT_OPTION_BOOL:
      return g_strdup ("0 or 1");
    case ZT_OPTION_ENUM:
      return g_strdup_printf ("one of %s", info->choices);
    default:
      return g_strdup ("a built-in model in a link; set the property instead");
  }
}

/* Only what a link may set gets here. */
static gboolean
set_value (T2vSettings *settings, T2vOption option, const gchar *text, GError **error)
{
  gchar *expected;

  if (read_value (settings, option, text)) {
    if (t2v_option_is_property (option))
      settings->options.given[option] = TRUE;
    return TRUE;
  }
  expected = expectation (option);
  refuse_value (error, t2v_option_info (option)->name, expected, text);
  g_free (expected);
  return FALSE;
}

/* '-' reads as '_'. The number of the option, or T2V_OPTION_COUNT. */
static T2vOption
find_key (const gchar *text, gsize length)
{
  gchar *key = g_strdelimit (g_strndup (text, length), "-", '_');
  gint found = 0;

  while (found < T2V_OPTION_COUNT && ((t2v_option_info (found)->flags & ZT_OPTION_LINK) == 0 ||
                                         strcmp (t2v_option_info (found)->name, key) != 0))
    found++;
  g_free (key);
  return found;
}

/* "key=value", [text, text + length). */
static gboolean
parse_option (
    T2vSettings *settings, gboolean *seen, const gchar *text, gsize length, GError **error)
{
  const gchar *equals = memchr (text, '=', length);
  gsize key_length = equals ? (gsize) (equals - text) : length;
  T2vOption option = find_key (text, key_length);
  gchar *value, *shown;
  gboolean ok;

  if (equals == NULL || option == T2V_OPTION_COUNT) {
    gchar *cut = g_strndup (text, MIN (length, QUOTE_MAX_BYTES));

    shown = quote (cut);
    REFUSE (error,
        "expected key=value with a key a link may set (model size "
        "rate frames duration seed sound cutout steps guidance negative_prompt "
        "transition), got \"%s\"",
        shown);
    g_free (shown);
    g_free (cut);
    return FALSE;
  }
  if (seen[option]) {
    REFUSE (error, "%s: expected to be given once, got it twice", t2v_option_info (option)->name);
    return FALSE;
  }
  seen[option] = TRUE;
  value = decode (t2v_option_info (option)->name, equals + 1, length - key_length - 1, error);
  if (value == NULL)
    return FALSE;
  ok = set_value (settings, option, value, error);
  g_free (value);
  return ok;
}

static gboolean
parse_parts (ZtUrlPart part, T2vSettings *settings, gboolean *seen, GError **error)
{
  gchar *prompt = decode ("prompt", part.text, part.length, error);

  if (prompt == NULL)
    return FALSE;
  if (*prompt == 0) {
    g_free (prompt);
    REFUSE (error, "prompt: expected t2v:///PROMPT, got none");
    return FALSE;
  }
  g_value_take_string (&settings->options.values[T2V_OPTION_prompt], prompt);
  settings->options.given[T2V_OPTION_prompt] = TRUE;

  while (zt_url_next (&part))
    if (!parse_option (settings, seen, part.text, part.length, error))
      return FALSE;
  if (seen[T2V_OPTION_frames] && seen[T2V_OPTION_duration]) {
    REFUSE (error, "duration: expected frames or duration, got both");
    return FALSE;
  }
  return TRUE;
}

gboolean
t2v_link_parse (const gchar *uri, T2vSettings *settings, GError **error)
{
  gboolean seen[T2V_OPTION_COUNT] = {
    FALSE,
  };
  zt_error reason = ZT_ERROR_INIT;
  ZtUrlPart prompt;
  T2vSettings link;
  gboolean ok;

  if (zt_url_begin (uri, &prompt, &reason) < 0)
    return refuse_form (error, &reason);
  t2v_settings_init (&link);
  ok = parse_parts (prompt, &link, seen, error);
  if (ok) {
    for (gint i = 0; i < T2V_OPTION_COUNT; i++) {
      if (i != T2V_OPTION_prompt && (t2v_option_info (i)->flags & ZT_OPTION_LINK) == 0)
        continue;
      g_value_copy (&link.options.values[i], &settings->options.values[i]);
      settings->options.given[i] = link.options.given[i];
    }
    settings->width = link.width;
    settings->height = link.height;
    settings->rate_num = link.rate_num;
    settings->rate_den = link.rate_den;
  }
  t2v_settings_clear (&link);
  return ok;
}

static void
append_option (GString *uri, const gchar *key, const gchar *value)
{
  gchar *escaped = g_uri_escape_string (value, NULL, FALSE);

  g_string_append_printf (uri, ";%s=%s", key, escaped);
  g_free (escaped);
}

/* Whether a link may say so: properties reach further than links. */
static gboolean
is_readable (const gchar *uri)
{
  T2vSettings scratch;
  gboolean ok;

  t2v_settings_init (&scratch);
  ok = t2v_link_parse (uri, &scratch, NULL);
  t2v_settings_clear (&scratch);
  return ok;
}

gchar *
t2v_link_format (const T2vSettings *settings)
{
  const gchar *prompt = t2v_options_string (&settings->options, T2V_OPTION_prompt);
  GString *uri;
  gboolean ok;

  if (prompt == NULL)
    return NULL;
  uri = g_string_new ("t2v:///");
  g_string_append_uri_escaped (uri, prompt, NULL, FALSE);

  for (gint i = 0; i < T2V_OPTION_COUNT; i++) {
    const T2vOptionInfo *info = t2v_option_info (i);
    gchar *text = NULL;

    if ((info->flags & ZT_OPTION_LINK) == 0)
      continue;
    if (i == T2V_OPTION_size && settings->width > 0 && settings->height > 0)
      text = g_strdup_printf ("%dx%d", settings->width, settings->height);
    else if (i == T2V_OPTION_rate && settings->rate_num > 0)
      text = settings->rate_den == 1
                 ? g_strdup_printf ("%d", settings->rate_num)
                 : g_strdup_printf ("%d/%d", settings->rate_num, settings->rate_den);
    else if (t2v_option_is_property (i))
      text = t2v_options_text (&settings->options, i);

    if (text != NULL && strcmp (text, info->default_text) != 0)
      append_option (uri, info->name, text);
    g_free (text);
  }
  ok = is_readable (uri->str);
  return g_string_free (uri, !ok);
}
