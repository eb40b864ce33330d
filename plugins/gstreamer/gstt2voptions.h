/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2voptions.h - the engine's option table as GObject properties
 *
 * Every option of engine/api/options.def is one property with '-' for '_', but size and rate, which
 * are caps here. Values are kept as GValues and travel to the engine as text, so that the engine's
 * own reader is the only judge. Not thread-safe: the owner locks.
 */
#pragma once

#include <gst/gst.h>

#include "zt_loader.h"

G_BEGIN_DECLS

#define ZT_OPTION(name, ...) T2V_OPTION_##name,
typedef enum {
#include "api/options.def"
  T2V_OPTION_COUNT
} T2vOption;

typedef struct {
  const gchar *name; /* as the engine spells it, "negative_prompt" */
  zt_option_type type;
  const gchar *default_text;
  gdouble default_number;
  gdouble min, max;
  const gchar *choices;
  guint flags;
  const gchar *help;
} T2vOptionInfo;

/* The values somebody set; an unset option is the engine's business. */
typedef struct {
  GValue values[T2V_OPTION_COUNT];
  gboolean given[T2V_OPTION_COUNT];
} T2vOptions;

const T2vOptionInfo *t2v_option_info (T2vOption option);
/* What a link may set a number to, or how many pixels a size may have; FALSE for an option that is
 * neither. */
gboolean t2v_option_link_range (T2vOption option, gdouble *min, gdouble *max);
/* FALSE for the two options that are caps in GStreamer, and the one that is a pad. */
gboolean t2v_option_is_property (T2vOption option);
/* The property of an option: its id is the option's number + 1. */
GParamSpec *t2v_option_param_spec (T2vOption option);

void t2v_options_init (T2vOptions *options);
void t2v_options_clear (T2vOptions *options);
void t2v_options_set (T2vOptions *options, T2vOption option, const GValue *value);
void t2v_options_reset (T2vOptions *options, T2vOption option);
/* The value as the engine reads it; NULL = unset. Free with g_free. */
gchar *t2v_options_text (const T2vOptions *options, T2vOption option);
/* Borrowed text of a string option; NULL = unset or empty. */
const gchar *t2v_options_string (const T2vOptions *options, T2vOption option);
gint64 t2v_options_int64 (const T2vOptions *options, T2vOption option);
gboolean t2v_options_boolean (const T2vOptions *options, T2vOption option);

/* Writes the given options into the engine's structs, all that belong to the model or all others.
 * The texts they borrow go into keep, which must live as long as the structs are used. */
zt_status t2v_options_apply (const T2vOptions *options, const ZtEngine *zt, gboolean of_the_model,
    zt_model_params *params, zt_request *request, GPtrArray *keep, zt_error *error);

G_END_DECLS
