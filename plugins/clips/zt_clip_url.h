/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clip_url.h - the form of a t2v: link, for every front end
 *
 *   t2v:///a%20red%20fox;seed=1;frames=48
 *
 * Also t2v://PROMPT and t2v:PROMPT, '?' before the first option and '&' before others. Prompt and values are
 * percent-encoded UTF-8. What an option may be is the caller's to judge. Nothing is allocated, nothing is opened; any
 * thread. Statuses: ZT_ERROR_ARGUMENT with a sentence that begins with "t2v: ". */
#pragma once

#include <stddef.h>

#include "zoetrope/zoetrope.h"

/* Bytes of a link, still encoded: the prompt, then each "key=value". */
typedef struct ZtUrlPart {
    const char *text;
    size_t length;
} ZtUrlPart;

/* The prompt, which may be empty. Refuses what is no link, one of more than 8 KiB, and a bare '#', behind which
 * programs cut. */
zt_status zt_url_begin(const char *link, ZtUrlPart *prompt, zt_error *error);
/* From the prompt or an option to the next option; false at the end. */
int zt_url_next(ZtUrlPart *part);
/* What the bytes mean, ended by a zero; out: length + 1 bytes. what: as errors name it. */
zt_status zt_url_decode(const char *what, const char *text, size_t length, char *out, zt_error *error);
/* A built-in model's name, never something that could be read as a path. */
int zt_url_is_model_name(const char *text);
