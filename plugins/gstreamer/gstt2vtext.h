/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vtext.h - prompts that come in as text, through the request pad `text`
 *
 * Each is for the running time of its buffer: when the frame of that time is wanted it is set as
 * the property `prompt` would be, and the next chunk begun obeys. Only so many are kept, then the
 * pad waits.
 */
#pragma once

#include <gst/gst.h>

#include "gstt2vproperties.h"
#include "gstt2vwait.h"

G_BEGIN_DECLS

typedef struct _T2vTexts T2vTexts;

/* All borrowed, they must live longer; element owns this, and its prompt is set. */
T2vTexts *t2v_texts_new (GstElement *element, T2vWait *wait, T2vProperties *properties);
void t2v_texts_free (T2vTexts *texts);

/* The pad, not yet the element's; NULL when there is one already. */
GstPad *t2v_texts_request (T2vTexts *texts, GstPadTemplate *pad_template);
/* Before the pad is taken from the element. */
void t2v_texts_release (T2vTexts *texts, GstPad *pad);

/* At the start of a stream. TRUE where texts will come. */
gboolean t2v_texts_begin (T2vTexts *texts);
/* At its end: drops those to come, and takes back a prompt that came as text, so that the next
 * start waits for one again. */
void t2v_texts_end (T2vTexts *texts);
/* [any thread] The property was set: nobody need wait for a text any more. */
void t2v_texts_prompt_set (T2vTexts *texts);

/* The streaming thread. Sets the newest prompt of those whose time has come. */
void t2v_texts_apply (T2vTexts *texts, GstClockTime running_time);
/* Where no prompt is given, the first text is: OK when there is one. FLUSHING, or EOS where none
 * will come. */
GstFlowReturn t2v_texts_wait_first (T2vTexts *texts);

G_END_DECLS
