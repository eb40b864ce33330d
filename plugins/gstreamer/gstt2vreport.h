/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vreport.h - what the element tells the application: errors, warnings, progress
 */
#pragma once

#include <gst/gst.h>

#include "zt_loader.h"

G_BEGIN_DECLS

/* Of all messages of the plug-in. */
GST_DEBUG_CATEGORY_EXTERN (zoetrope_debug);
/* Makes it; called when the plug-in is loaded. */
void t2v_report_register (void);

/* Posts the engine's sentence under the GStreamer error it belongs to. Nothing for CANCELLED. */
void t2v_report_error (gpointer element, const zt_error *error);
/* For a change that was refused while the old value stays in force. */
void t2v_report_warning (gpointer element, const zt_error *error);

/* One wait for frames. GStreamer's launcher holds back PLAYING while one is open, so every
 * START is followed by COMPLETE, CANCELED or ERROR. Used by one thread at a time. */
typedef struct _T2vProgress T2vProgress;

/* element: borrowed, it owns this. */
T2vProgress *t2v_progress_new (GstElement *element);
void t2v_progress_free (T2vProgress *progress);
void t2v_progress_begin (T2vProgress *progress, const gchar *text);
gboolean t2v_progress_is_open (const T2vProgress *progress);
/* Names the stage; at most once a second, and only if there is something new. */
void t2v_progress_update (T2vProgress *progress, const zt_progress *now);
/* type: COMPLETE, CANCELED or ERROR; nothing happens when none is open. */
void t2v_progress_end (T2vProgress *progress, GstProgressType type, const gchar *text);
/* Ends it with the error, which is also posted; always FALSE. */
gboolean t2v_progress_fail (T2vProgress *progress, const zt_error *error);

G_END_DECLS
