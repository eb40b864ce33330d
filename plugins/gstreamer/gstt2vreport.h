/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vreport.h - what the element tells the application: errors, warnings, progress
 */
#pragma once

#include <gst/gst.h>

#include "zt_loader.h"
#include "zt_stage.h"

G_BEGIN_DECLS

/* Posts the engine's sentence under the GStreamer error it belongs to. Nothing for CANCELLED. */
void t2v_report_error (gpointer element, const zt_error *error);
/* For a change that was refused while the old value stays in force. */
void t2v_report_warning (gpointer element, const zt_error *error);

/* One wait for frames. GStreamer's launcher holds back PLAYING while one is open, so every
 * START is followed by COMPLETE, CANCELED or ERROR. Used by one thread at a time. */
typedef struct {
  GstElement *element; /* borrowed */
  gboolean open;
  gchar said[ZT_STAGE_TEXT]; /* the last CONTINUE, and when; 0 = none yet */
  gint64 said_us;
} T2vProgress;

void t2v_progress_begin (T2vProgress *progress, const gchar *text);
/* Names the stage; at most once a second, and only if there is something new. */
void t2v_progress_update (T2vProgress *progress, const zt_progress *now);
/* type: COMPLETE, CANCELED or ERROR; nothing happens when none is open. */
void t2v_progress_end (T2vProgress *progress, GstProgressType type, const gchar *text);

G_END_DECLS
