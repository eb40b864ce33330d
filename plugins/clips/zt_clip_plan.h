/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clip_plan.h - from what a host asks for to what a clip is, and to its generation
 *
 * A plan is immutable once made, so any thread may read it. */
#pragma once

#include "zt_clips.h"

/* Zeroed is empty. */
typedef struct ZtClipPlan {
    const ZtEngine *zt;
    char *key; /* all that decides pixels and samples, as text; owned */
    ZtClipOptions options;
    ZtClipInfo info;
    int64_t timeout_us; /* longest wait for a frame, 0 = none */
} ZtClipPlan;

/* *model: one reference for the caller. On failure both are empty, but for plan->zt, which may be NULL. */
zt_status zt_clip_plan_make(const ZtClipAsk *ask, ZtClipPlan *plan, zt_model **model, zt_error *error);
/* Leaves zt. */
void zt_clip_plan_clear(ZtClipPlan *plan);
/* A session whose first frame is `number`; seed: the one drawn before, -1 = none. */
zt_status zt_clip_plan_begin(const ZtClipPlan *plan, zt_model *model, int64_t number, int64_t seed,
                             zt_session **session, zt_error *error);
/* To the log that zt_clips_set_log has set. */
void zt_clip_plan_log(zt_log_level level, const char *message);
