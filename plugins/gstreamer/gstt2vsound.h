/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vsound.h - sound=true: the pad `audio` beside the pictures
 *
 * Each frame brings the samples that are heard while it is seen. They leave on a pad of their own,
 * by a thread of its own: a sink may hold a picture until sound has come, and the other way round,
 * so neither may wait for the other. Between the two threads lies a queue, which grows to half a
 * minute of sound before pictures wait for it (an encoder may want many pictures before the muxer
 * behind it takes any sound).
 *
 * What begins, cuts and ends the pictures does the same to the sound: events and frames are seen as
 * they pass the pad of the pictures, so flushes, segments, tags and the end come here in the same
 * order. Only one of the two pads may be linked.
 */
#pragma once

#include <gst/audio/audio-format.h>
#include <gst/base/gstbasesrc.h>

#include "gstt2vwait.h"
#include "zt_loader.h"

G_BEGIN_DECLS

/* Of the samples, as caps name it. */
#define T2V_SOUND_FORMAT GST_AUDIO_NE (F32)

typedef struct _T2vSound T2vSound;

/* Both are borrowed and must live longer; element owns this. */
T2vSound *t2v_sound_new (GstBaseSrc *element, T2vWait *wait);
void t2v_sound_free (T2vSound *sound);

/* The element has the pad, or has it no more. In NULL or READY. */
void t2v_sound_want (T2vSound *sound, gboolean wanted);

/* With nothing streaming: the model's sample rate and channels, as the clip's sound will be. */
void t2v_sound_begin (T2vSound *sound, const zt_model_info *model);

/* The streaming thread: what is heard with the buffer that it pushes next. Nothing without a pad.
 */
/* Of a frame with this number in the clip, which begins at `begin`; its own time is `time`, and
 * picture is its buffer, which may have another by now, and yet another when it is pushed. */
void t2v_sound_of_frame (T2vSound *sound, const zt_frame_info *frame, gint64 number,
    GstClockTime begin, GstClockTime time, GstBuffer *picture);
/* Of a buffer that passes through: silence. */
void t2v_sound_of_passing (T2vSound *sound, GstBuffer *buffer);

G_END_DECLS
