/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vstream.h - one stream of t2vsrc or i2v, put together from its parts
 *
 * The streaming behaviour of both elements, without GObject: start and stop, caps, buffers, seeks.
 * Model, pictures, texts, generation, marks .. are modules of their own, with opaque structs; this
 * one owns them all and calls them in order. No lock is held while another is taken.
 */
#pragma once

#include <gst/base/gstbasesrc.h>

#include "gstt2vextend.h"
#include "gstt2vlive.h"
#include "gstt2vpicture.h"
#include "gstt2vproperties.h"

G_BEGIN_DECLS

typedef struct _T2vStream T2vStream;

/* Both are borrowed and must live longer; element owns this. */
T2vStream *t2v_stream_new (GstBaseSrc *element, T2vProperties *properties);
/* It must be stopped. */
void t2v_stream_free (T2vStream *stream);

/* Parts; they live as long as the stream. */
T2vInputs *t2v_stream_inputs (const T2vStream *stream);
T2vExtend *t2v_stream_extend (const T2vStream *stream);
/* The pad for prompts as text, not yet the element's; NULL when there is one, or a clip is open. */
GstPad *t2v_stream_request_text (T2vStream *stream, GstPadTemplate *pad_template);
void t2v_stream_release_text (T2vStream *stream, GstPad *pad);

/* Gives the element the pad of its sound, or takes it away, as the properties say. In NULL or
 * READY.
 */
void t2v_stream_update_sound (T2vStream *stream);
/* Borrowed. */
T2vLive *t2v_stream_live (T2vStream *stream);

/* Opens the model and settles the length; posts an error when it returns FALSE. */
gboolean t2v_stream_start (T2vStream *stream);
void t2v_stream_stop (T2vStream *stream);
/* [any thread] Between the two. */
gboolean t2v_stream_is_open (T2vStream *stream);
/* [any thread] The streaming thread waits for nothing any more, or may wait again. */
void t2v_stream_set_flushing (T2vStream *stream, gboolean flushing);
/* [any thread] The element goes to READY, or leaves it: nor do threads of sink pads. What runs is
 * asked to stop. */
void t2v_stream_set_closing (T2vStream *stream, gboolean closing);
/* [any thread] Hands over a changed run-time option. Negative: it is refused. */
zt_status t2v_stream_steer (
    T2vStream *stream, T2vOption option, const gchar *text, zt_error *error);

/* What comes out; NULL where nothing is open. */
GstCaps *t2v_stream_caps (T2vStream *stream);
/* Settles what the caps leave open. Takes them. */
GstCaps *t2v_stream_fixate (T2vStream *stream, GstCaps *caps);
/* The streaming thread: until all pictures are there, or one will not come; FALSE when flushing. */
gboolean t2v_stream_wait_inputs (T2vStream *stream);
gboolean t2v_stream_set_caps (T2vStream *stream, const GstCaps *caps);
gboolean t2v_stream_decide_allocation (T2vStream *stream, GstQuery *query);

/* The next buffer: what passes through, then what is made. */
GstFlowReturn t2v_stream_create (T2vStream *stream, GstBuffer **buffer);

/* With the streaming thread stopped. */
void t2v_stream_seek (T2vStream *stream, GstClockTime time);
/* Forgets one picture and the generation made from it: the next one begins at frame 0. */
void t2v_stream_drop_picture (T2vStream *stream, T2vInput input);

/* mode=extend: what may come in, as the model makes it and downstream takes it. */
GstCaps *t2v_stream_passing_caps (T2vStream *stream);
/* Makes the input's caps those that come out. FALSE, with a message, where the model has no such,
 * or others have passed; video is the one before and becomes the new one. */
gboolean t2v_stream_take_passing_caps (T2vStream *stream, GstCaps *caps, GstVideoInfo *video);

/* [any thread] How many buffers come out at num/den, -1 = endless or not known. FALSE where nothing
 * is open. */
gboolean t2v_stream_length (T2vStream *stream, gint64 *frames, gint *num, gint *den);
/* [any thread] Whether a seek is possible. */
gboolean t2v_stream_is_seekable (T2vStream *stream);

G_END_DECLS
