/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clip_link.h - t2v: links of hosts without GLib
 *
 * Their form is zt_clip_url.h's, the limits are those of plugins/gstreamer: a link may come from a page or a
 * playlist, so it sets only what the table marks, never a path. */
#pragma once

#include "zt_clip_options.h"

/* The link in a text, NULL where it is none. Editors put the folder of a project in front of what they
 * take for a file name, so a link behind such a folder is found, too. */
const char *zt_clip_link_find(const char *text);
/* Reads it into `options`, those it does not name stay as they are. Statuses: ARGUMENT, PROMPT, MEMORY and
 * those of zt_set_option. */
zt_status zt_clip_link_read(const char *link, const ZtEngine *zt, ZtClipOptions *options, zt_error *error);
/* The link of a prompt alone; free it. NULL without memory. */
char *zt_clip_link_write(const char *prompt);
