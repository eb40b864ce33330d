/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vprovenance.h - marks the output as generated: tags, buffer meta, messages, SEI side data
 *
 * The prompt is private: its hash by default, its text only with metadata-prompt.
 */
#pragma once

#include <gst/base/gstbasesrc.h>

#include "zt_loader.h"

G_BEGIN_DECLS

#define T2V_PROVENANCE_META    "ZoetropeProvenance"
#define T2V_PROVENANCE_MESSAGE "zoetrope-provenance"

/* Registers the meta; called when the plugin is loaded. */
void t2v_provenance_register (void);

typedef struct _T2vMarks T2vMarks;

/* element: borrowed, it owns this; it posts the messages and sends the tags. All functions are the
 * streaming thread's, unless said. */
T2vMarks *t2v_marks_new (GstBaseSrc *element);
void t2v_marks_free (T2vMarks *marks);

/* Before a stream: nothing has been said yet. */
void t2v_marks_reset (T2vMarks *marks);
/* After a jump on the time line: side data is due with the next frame. */
void t2v_marks_jump (T2vMarks *marks);
/* A generation begins. sei: side data once a second; with_prompt: the prompt's text, too. */
void t2v_marks_begin (T2vMarks *marks, gboolean sei, gboolean with_prompt);
/* [any thread] Tags are due with the next frame: a flush drops those on their way. */
void t2v_marks_tags_due (T2vMarks *marks);

/* The seed of the last frame marked, -1 before the first. */
gint64 t2v_marks_seed (const T2vMarks *marks);
/* Marks a buffer, and sends tags in front of it where they say something new. version: of the
 * engine. */
void t2v_marks_put (T2vMarks *marks, guint32 version, const zt_model_info *model,
    const zt_frame_info *frame, GstBuffer *buffer);

G_END_DECLS
