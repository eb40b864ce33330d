/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_stage.h - the words for where a generation stands, the same in every front end */
#pragma once

#include <stdio.h>

#include "zoetrope/zoetrope.h"

#define ZT_STAGE_TEXT 48 /* bytes that are always enough */

/* "text", "denoise 3/50": the stage, and its step where it has several. Returns text, of `size` bytes. */
static inline const char *zt_stage_text(const zt_progress *now, char *text, size_t size)
{
    const char *stage = now->stage ? now->stage : "at work";

    if (now->steps > 1)
        snprintf(text, size, "%s %d/%d", stage, now->step, now->steps);
    else
        snprintf(text, size, "%s", stage);
    return text;
}
