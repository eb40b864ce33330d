/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vlink.h - t2v: links, read and written
 *
 *   t2v:///a%20red%20fox%20in%20the%20snow;seed=1;frames=48
 *
 * Also read: t2v://prompt and t2v:prompt, and '?' or '&' before an option. A link may come from a
 * playlist or a page, so it may set little, and never a path.
 */
#pragma once

#include "gstt2voptions.h"

G_BEGIN_DECLS

/* What properties and links set: the options, and the hints that stand in for size and rate. */
typedef struct {
  T2vOptions options;
  gint width, height;      /* 0 = from caps or the model */
  gint rate_num, rate_den; /* 0/1 = from caps or the model */
} T2vSettings;

void t2v_settings_init (T2vSettings *settings);
void t2v_settings_clear (T2vSettings *settings);

/* Writes the prompt and every option that a link may set, those it does not name to their defaults;
 * other options are left alone. On failure settings is untouched. */
gboolean t2v_link_parse (const gchar *uri, T2vSettings *settings, GError **error);
/* The canonical link of the settings; NULL where no link may say so. Free with g_free. */
gchar *t2v_link_format (const T2vSettings *settings);

G_END_DECLS
