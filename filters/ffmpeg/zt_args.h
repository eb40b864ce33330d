/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_args.h - refuses filter arguments with an unescaped colon inside a value
 *
 * FFmpeg ends a value at a colon and gives a piece without a name to some option by its position in the
 * list of options (5.1), or says "No option name near" (6.0 and later). Neither tells a person who wrote
 * duration=00:07 that the colon needs a backslash. */
#ifndef ZT_ARGS_H
#define ZT_ARGS_H

#include "libavutil/log.h"

/* args as a filter gets them: name=value joined by colons, the quotes of the graph already gone; may be
 * NULL. Pieces before the first name keep the meaning that FFmpeg gives them. 0, or AVERROR(EINVAL) after a
 * line in the log that names the option before, the piece, and the spelling that works. Any thread. */
int ff_zt_check_args(void *log, const AVClass *filter, const char *args);

#endif
