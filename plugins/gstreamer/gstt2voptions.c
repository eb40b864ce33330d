/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2voptions.c - the engine's option table as GObject properties
 *
 * Numbers are written with the C locale's digits whatever the program's locale is.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "gstt2voptions.h"

#define ZT_OPTION(name, type, text_default, number_default, min, max, choices, flags, help)        \
  { #name, ZT_OPTION_##type, text_default, number_default, min, max, choices, (guint) (flags),     \
    help },
static const T2vOptionInfo option_table[] = {
#include "api/options.def"
};

/* The words of the enums, one list for each, ended by a NULL nick. */
typedef struct {
  const gchar *option;
  GEnumValue value;
} T2vChoice;

#define ZT_CHOICE(name, word, number, help) { #name, { number, help, #word } },
static const T2vChoice choice_table[] = {
#include "api/options.def"
};

#define ZT_LINK(name, min, max) { T2V_OPTION_##name, min, max },
static const struct {
  T2vOption option;
  gdouble min, max;
} link_table[] = {
#include "api/options.def"
};

gboolean
t2v_option_link_range (T2vOption option, gdouble *min, gdouble *max)
{
  for (guint i = 0; i < G_N_ELEMENTS (link_table); i++) {
    if (link_table[i].option == option) {
      *min = link_table[i].min;
      *max = link_table[i].max;
      return TRUE;
    }
  }
  return FALSE;
}

const T2vOptionInfo *
t2v_option_info (T2vOption option)
{
  g_return_val_if_fail (option < T2V_OPTION_COUNT, NULL);
  return &option_table[option];
}

gboolean
t2v_option_is_property (T2vOption option)
{
  return option != T2V_OPTION_size && option != T2V_OPTION_rate && option != T2V_OPTION_mask;
}

/* One enum type for each option, made when the class is. */
static GType
enum_type (const T2vOptionInfo *info)
{
  gchar *name = g_strdup_printf ("GstT2v%c%s", g_ascii_toupper (info->name[0]), info->name + 1);
  GType type = g_type_from_name (name);

  if (type == 0) {
    /* GObject keeps the list for the life of the process. */
    GEnumValue *values = g_new0 (GEnumValue, G_N_ELEMENTS (choice_table) + 1);
    guint count = 0;

    for (guint i = 0; i < G_N_ELEMENTS (choice_table); i++) {
      if (strcmp (choice_table[i].option, info->name) == 0)
        values[count++] = choice_table[i].value;
    }
    type = g_enum_register_static (name, values);
  }
  g_free (name);
  return type;
}

/* A double of the table as gint64; 2^63-1 is not a double, so the ends are clamped. */
static gint64
to_int64 (gdouble number)
{
  if (number >= 9223372036854775807.0)
    return G_MAXINT64;
  if (number <= -9223372036854775807.0)
    return G_MININT64;
  return (gint64) number;
}

static gint64
seconds_to_ns (gdouble seconds)
{
  return seconds < 0 ? -1 : (gint64) (seconds * GST_SECOND);
}

GParamSpec *
t2v_option_param_spec (T2vOption option)
{
  const T2vOptionInfo *info = t2v_option_info (option);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  gchar *name = g_strdelimit (g_strdup (info->name), "_", '-');
  const gchar *nick = g_intern_string (name);
  GParamSpec *spec = NULL;

  g_free (name);
  if (info->flags & ZT_OPTION_RUNTIME) {
    flags |= GST_PARAM_MUTABLE_PLAYING;
    if (info->type == ZT_OPTION_INT || info->type == ZT_OPTION_DOUBLE)
      flags |= GST_PARAM_CONTROLLABLE;
  } else {
    flags |= GST_PARAM_MUTABLE_READY;
  }

  switch (info->type) {
    case ZT_OPTION_BOOL:
      spec = g_param_spec_boolean (nick, nick, info->help, info->default_number != 0, flags);
      break;
    case ZT_OPTION_INT:
      if (info->max >= G_MAXINT)
        spec = g_param_spec_int64 (nick, nick, info->help, to_int64 (info->min),
            to_int64 (info->max), to_int64 (info->default_number), flags);
      else
        spec = g_param_spec_int (nick, nick, info->help, (gint) info->min, (gint) info->max,
            (gint) info->default_number, flags);
      break;
    case ZT_OPTION_DOUBLE:
      spec = g_param_spec_double (
          nick, nick, info->help, info->min, info->max, info->default_number, flags);
      break;
    case ZT_OPTION_TIME: {
      gchar *help = g_strdup_printf ("%s (nanoseconds)", info->help);

      spec = g_param_spec_int64 (nick, nick, g_intern_string (help), seconds_to_ns (info->min),
          seconds_to_ns (info->max), seconds_to_ns (info->default_number), flags);
      g_free (help);
      break;
    }
    case ZT_OPTION_ENUM:
      spec = g_param_spec_enum (
          nick, nick, info->help, enum_type (info), (gint) info->default_number, flags);
      break;
    case ZT_OPTION_DICT:
      spec = g_param_spec_boxed (nick, nick,
          "the model family's own options, "
          "as a structure: options,key=value",
          GST_TYPE_STRUCTURE, flags);
      break;
    case ZT_OPTION_STRING:
    case ZT_OPTION_PATH:
    case ZT_OPTION_SIZE:
    case ZT_OPTION_RATE:
    case ZT_OPTION_BYTES:
      spec = g_param_spec_string (
          nick, nick, info->help, *info->default_text ? info->default_text : NULL, flags);
      break;
  }
  return spec;
}

void
t2v_options_init (T2vOptions *options)
{
  memset (options, 0, sizeof (*options));
  for (gint i = 0; i < T2V_OPTION_COUNT; i++) {
    GParamSpec *spec = g_param_spec_ref_sink (t2v_option_param_spec (i));

    g_value_init (&options->values[i], G_PARAM_SPEC_VALUE_TYPE (spec));
    g_param_value_set_default (spec, &options->values[i]);
    g_param_spec_unref (spec);
  }
}

void
t2v_options_clear (T2vOptions *options)
{
  for (gint i = 0; i < T2V_OPTION_COUNT; i++)
    g_value_unset (&options->values[i]);
}

void
t2v_options_set (T2vOptions *options, T2vOption option, const GValue *value)
{
  g_value_copy (value, &options->values[option]);
  options->given[option] = TRUE;
  /* NULL takes a string or structure back. */
  if (G_VALUE_HOLDS_STRING (value) && g_value_get_string (value) == NULL)
    t2v_options_reset (options, option);
  else if (G_VALUE_HOLDS_BOXED (value) && g_value_get_boxed (value) == NULL)
    options->given[option] = FALSE;
}

void
t2v_options_reset (T2vOptions *options, T2vOption option)
{
  GParamSpec *spec = g_param_spec_ref_sink (t2v_option_param_spec (option));

  g_param_value_set_default (spec, &options->values[option]);
  options->given[option] = FALSE;
  g_param_spec_unref (spec);
}

/* A structure as "key=value:key=value"; what would end a value early is escaped. */
static gchar *
dict_text (const GstStructure *dict)
{
  GString *text = g_string_new (NULL);

  for (gint i = 0; i < gst_structure_n_fields (dict); i++) {
    const gchar *key = gst_structure_nth_field_name (dict, i);
    const GValue *value = gst_structure_get_value (dict, key);
    gchar *string;

    if (G_VALUE_HOLDS_STRING (value))
      string = g_value_dup_string (value);
    else if (G_VALUE_HOLDS_BOOLEAN (value))
      string = g_strdup (g_value_get_boolean (value) ? "1" : "0");
    else
      string = gst_value_serialize (value);

    g_string_append_printf (text, "%s%s=", text->len > 0 ? ":" : "", key);
    for (const gchar *c = string ? string : ""; *c; c++) {
      if (*c == ':' || *c == '\\')
        g_string_append_c (text, '\\');
      g_string_append_c (text, *c);
    }
    g_free (string);
  }
  return g_string_free (text, FALSE);
}

gchar *
t2v_options_text (const T2vOptions *options, T2vOption option)
{
  const T2vOptionInfo *info = t2v_option_info (option);
  const GValue *value = &options->values[option];
  gchar digits[G_ASCII_DTOSTR_BUF_SIZE];

  if (!options->given[option])
    return NULL;

  switch (info->type) {
    case ZT_OPTION_BOOL:
      return g_strdup (g_value_get_boolean (value) ? "1" : "0");
    case ZT_OPTION_INT:
      if (G_VALUE_HOLDS_INT64 (value))
        return g_strdup_printf ("%" G_GINT64_FORMAT, g_value_get_int64 (value));
      return g_strdup_printf ("%d", g_value_get_int (value));
    case ZT_OPTION_DOUBLE:
      return g_strdup (g_ascii_dtostr (digits, sizeof (digits), g_value_get_double (value)));
    case ZT_OPTION_TIME:
      /* The engine counts microseconds and drops what is below, as everywhere; 1 ns does not mean
       * "unset". */
      if (g_value_get_int64 (value) <= 0)
        return g_strdup (g_value_get_int64 (value) < 0 ? "-1" : "0us");
      return g_strdup_printf ("%" G_GINT64_FORMAT "us", MAX (g_value_get_int64 (value) / 1000, 1));
    case ZT_OPTION_ENUM: {
      GEnumClass *klass = g_type_class_ref (G_VALUE_TYPE (value));
      GEnumValue *word = g_enum_get_value (klass, g_value_get_enum (value));
      gchar *text = g_strdup (word ? word->value_nick : "");

      g_type_class_unref (klass);
      return text;
    }
    case ZT_OPTION_DICT:
      return dict_text (g_value_get_boxed (value));
    case ZT_OPTION_STRING:
    case ZT_OPTION_PATH:
    case ZT_OPTION_SIZE:
    case ZT_OPTION_RATE:
    case ZT_OPTION_BYTES:
      return g_value_dup_string (value);
  }
  return NULL;
}

const gchar *
t2v_options_string (const T2vOptions *options, T2vOption option)
{
  const gchar *text = options->given[option] ? g_value_get_string (&options->values[option]) : NULL;

  return text && *text ? text : NULL;
}

gint64
t2v_options_int64 (const T2vOptions *options, T2vOption option)
{
  return g_value_get_int64 (&options->values[option]);
}

gboolean
t2v_options_boolean (const T2vOptions *options, T2vOption option)
{
  return g_value_get_boolean (&options->values[option]);
}

zt_status
t2v_options_apply (const T2vOptions *options, const ZtEngine *zt, gboolean of_the_model,
    zt_model_params *params, zt_request *request, GPtrArray *keep, zt_error *error)
{
  for (gint i = 0; i < T2V_OPTION_COUNT; i++) {
    const T2vOptionInfo *info = t2v_option_info (i);
    gboolean model_option = (info->flags & ZT_OPTION_MODEL) != 0;
    zt_status status;
    gchar *text;

    if (!options->given[i] || model_option != of_the_model)
      continue;
    /* A default written out asks for nothing, also where the option is not possible yet. */
    text = t2v_options_text (options, i);
    if (text == NULL || strcmp (text, info->default_text) == 0) {
      g_free (text);
      continue;
    }
    g_ptr_array_add (keep, text);
    status = zt->set_option (params, request, info->name, text, error);
    if (status < 0)
      return status;
  }
  return ZT_OK;
}
