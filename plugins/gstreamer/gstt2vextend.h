/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vextend.h - mode=extend: the input passes through, its newest frames are kept, then it goes
 * on
 *
 * The pad's thread hands over one buffer at a time and waits until it is taken; the streaming
 * thread pushes it as it is. Times become running times, so that what comes out has one plain time
 * line.
 */
#pragma once

#include <gst/video/video.h>

#include "gstt2vwait.h"
#include "zt_loader.h"

G_BEGIN_DECLS

typedef struct _T2vExtend T2vExtend;

/* wait: borrowed, it must live longer. */
T2vExtend *t2v_extend_new (T2vWait *wait);
void t2v_extend_free (T2vExtend *extend);

/* Turns it on if asked for. context: how many of the newest frames are kept, 0 = as many as the
 * model looks at; live: of the element. Refused is what does not go together; what the model cannot
 * is for the engine to say. */
zt_status t2v_extend_settle (T2vExtend *extend, gboolean asked, gint context, gboolean live,
    const zt_model_info *model, zt_error *error);
/* How many are kept, 0 where it is off. */
guint t2v_extend_most (T2vExtend *extend);
gboolean t2v_extend_is_on (T2vExtend *extend);
/* Drops what has passed and what is about to. The stream must be stopped or flushing. */
void t2v_extend_forget (T2vExtend *extend);

/* The pad's thread. */
/* Caps of the input, as the model makes them: what comes out. NULL, with a sentence to be freed in
 * *text, where model's have no such, or others have passed. video: of the caps before, becomes that
 * of the new ones. */
GstCaps *t2v_extend_check_caps (
    T2vExtend *extend, const GstCaps *model, GstCaps *caps, GstVideoInfo *video, gchar **text);
/* Hands a buffer over, and waits for the one before. Takes the buffer. */
GstFlowReturn t2v_extend_take (T2vExtend *extend, GstPad *pad, GstBuffer *buffer,
    const GstSegment *segment, const GstVideoInfo *video);

/* The streaming thread. */
/* OK and the next that passes, FLUSHING, or EOS when none is left or none ever passes. */
GstFlowReturn t2v_extend_pass (T2vExtend *extend, GstBuffer **buffer);
/* How many have passed, and the running time at which the last one ends. */
guint64 t2v_extend_frames (const T2vExtend *extend);
GstClockTime t2v_extend_end_time (const T2vExtend *extend);

/* With the wait's lock. */
void t2v_extend_set_ended (T2vExtend *extend, gboolean ended);
gboolean t2v_extend_has_ended (const T2vExtend *extend);
/* Whether it is on, and a first buffer has come. */
gboolean t2v_extend_is_begun (const T2vExtend *extend);
/* Those kept, oldest first, and their format. */
const GList *t2v_extend_history (const T2vExtend *extend);
const GstVideoInfo *t2v_extend_video (const T2vExtend *extend);
/* Is on; for who holds the lock already. */
gboolean t2v_extend_is_on_locked (const T2vExtend *extend);

G_END_DECLS
