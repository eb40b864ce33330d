/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clip_frames.h - the frames that a process keeps, bounded in bytes
 *
 * References to the engine's frames by clip and number; what was not asked for the longest time goes first.
 * Not thread-safe: the store (zt_clips.c) locks. */
#pragma once

#include "zt_loader.h"

/* One reference for the caller, NULL where it is not there. */
zt_frame *zt_clip_frames_get(const ZtEngine *zt, const void *clip, int64_t number);
/* Takes one reference of its own. Forgets others where the bound is passed; the one just put may be among them. */
void zt_clip_frames_put(const ZtEngine *zt, const void *clip, int64_t number, zt_frame *frame);
/* Whether any frame of the clip is there. */
int zt_clip_frames_any(const void *clip);
/* The bound in bytes: ZOETROPE_CLIP_MEMORY (with suffix K, M or G), else 1 GiB. */
uint64_t zt_clip_frames_bound(void);
