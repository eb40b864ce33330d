/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vproperties.h - what the application has set: the properties of t2vsrc and i2v
 *
 * All functions may be called by any thread.
 */
#pragma once

#include "gstt2vlink.h"

G_BEGIN_DECLS

/* An option's property has the option's number + 1; these are not of the option table. */
enum {
  T2V_PROPERTY_WIDTH = T2V_OPTION_COUNT + 1,
  T2V_PROPERTY_HEIGHT,
  T2V_PROPERTY_FRAMERATE,
  T2V_PROPERTY_IS_LIVE, /* kept by GstBaseSrc */
  T2V_PROPERTY_LATENCY  /* kept by T2vLive */
};

typedef struct _T2vProperties T2vProperties;

T2vProperties *t2v_properties_new (void);
void t2v_properties_free (T2vProperties *properties);

/* Installs those of the options that belong to pictures, or all others. */
void t2v_properties_install (GObjectClass *klass, gboolean of_pictures);

/* Whether a running generation obeys a change of this one. */
gboolean t2v_properties_is_runtime (guint id);
/* FALSE for an id that is not kept here. */
gboolean t2v_properties_set (T2vProperties *properties, guint id, const GValue *value);
gboolean t2v_properties_get (T2vProperties *properties, guint id, GValue *value);
/* Unsets an option: it has its default again. */
void t2v_properties_reset (T2vProperties *properties, T2vOption option);

/* What an option was before it was set. */
typedef struct {
  GValue value;
  gboolean given;
} T2vOldValue;

/* Sets an option; old becomes what restore() takes. Returns the new value as the engine reads it,
 * to be freed with g_free. */
gchar *t2v_properties_exchange (
    T2vProperties *properties, T2vOption option, const GValue *value, T2vOldValue *old);
/* Sets it back when put_back is TRUE; frees old either way. */
void t2v_properties_restore (
    T2vProperties *properties, T2vOption option, T2vOldValue *old, gboolean put_back);

/* A link sets all that a link may set. */
gboolean t2v_properties_parse_link (T2vProperties *properties, const gchar *uri, GError **error);
/* NULL where no link may say so; free with g_free. */
gchar *t2v_properties_format_link (T2vProperties *properties);
/* Whether the length or the model is still the link's: then its limits hold for them. */
gboolean t2v_properties_link_holds (T2vProperties *properties, T2vOption option);

/* The values themselves, until unlocked. */
const T2vSettings *t2v_properties_lock (T2vProperties *properties);
void t2v_properties_unlock (T2vProperties *properties);

/* Whether frames with alpha are asked for. */
gboolean t2v_properties_cutout (T2vProperties *properties);

/* Whether there is a prompt, a file of one, or a storyboard. */
gboolean t2v_properties_has_prompt (T2vProperties *properties);

G_END_DECLS
