/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clips.h - clips of editors: any frame in any order, one generation for all who show the same clip
 *
 * Editors open a clip several times, ask for its frames forwards, backwards and by jumps, from several
 * threads, and close and open it again. Here each clip exists once in the process, by what decides its
 * pixels and samples; its frames stay in memory up to a bound (zt_clip_frames.h). A frame that is not there
 * is waited for, or, where the generation is already past it, made again: a clip is the same bytes each time.
 *
 * Thread-safe, all of it. The engine is loaded by the first zt_clip_open. */
#pragma once

#include "zt_clip_options.h"

typedef struct ZtClip ZtClip;

/* Borrowed during the call. */
typedef struct ZtClipAsk {
    const ZtClipOptions *options;
    zt_pixel_format format, cutout_format; /* the second of a clip with alpha */
    zt_rational rate;  /* the host's, where options have none; if the model has not got it, a multiple of it, else the
                          nearest that it  has; 0/0 = the model's own */
    int width, height; /* the host's, where options have none and the model makes it; 0 = the model's own */
    int64_t least_frames; /* where options say no length: at least so many, -1 = endless if the model can be */
} ZtClipAsk;

typedef struct ZtClipInfo {
    int width, height;
    zt_rational rate;
    int64_t frames; /* -1 = endless */
    zt_pixel_format format;
    int sample_rate, channels; /* 0 = mute */
    int cutout;                /* frames have alpha (zt_frame_info.data) */
} ZtClipInfo;

/* Gets what the engine says, and what waits say; [any thread]. Set once before the first clip. */
void zt_clips_set_log(void (*log)(zt_log_level level, const char *message));

/* Validates and plans; nothing is generated before the first read. *clip: the caller's handle, NULL after a
 * failure. A clip that had failed begins anew. Statuses: of the loader (INTERNAL), zt_model_open and
 * zt_session_plan. */
zt_status zt_clip_open(const ZtClipAsk *ask, ZtClip **clip, zt_error *error);
ZtClip *zt_clip_ref(ZtClip *clip);
/* The last handle's closing ends the generation, after a few seconds in which another may be opened; frames
 * stay. Writes NULL. */
void zt_clip_close(ZtClip **clip);
const ZtClipInfo *zt_clip_info(const ZtClip *clip);
const ZtEngine *zt_clip_engine(const ZtClip *clip);

/* Frame `number`, from 0, less than info->frames; *frame: one reference for the caller. Waits as long as it
 * takes; `stop` (may be NULL) is asked every 20 ms and ends the wait with CANCELLED, the generation goes on
 * for others. Statuses: CANCELLED, AGAIN (option timeout), or what ended the generation. */
zt_status zt_clip_read(ZtClip *clip, int64_t number, int (*stop)(void *opaque), void *opaque, zt_frame **frame,
                       zt_error *error);
/* The same, and a wait that `stop` ended goes on in the next call for that frame: `since` tells the option timeout and
 * the log how long it has lasted. Zero at first; a frame sets it back. */
typedef struct ZtClipWait {
    int64_t began_us;
    int reports;
} ZtClipWait;
zt_status zt_clip_read_on(ZtClip *clip, int64_t number, ZtClipWait *since, int (*stop)(void *opaque), void *opaque,
                          zt_frame **frame, zt_error *error);
/* 0 to 1 of the way to frame `number`, and where the generation stands in words ("denoise 3/8"). */
double zt_clip_progress(ZtClip *clip, int64_t number, char *text, size_t size);
