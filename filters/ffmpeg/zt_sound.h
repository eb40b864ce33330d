/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_sound.h - sound=1: the second output of t2vsrc and i2v
 *
 * Every frame of the engine brings the samples that are heard while it is seen; they leave here as one audio frame of
 * interleaved floats, in a time base of one sample, right behind the picture. */
#ifndef ZT_SOUND_H
#define ZT_SOUND_H

#include "zt_generate.h"

/* For init: appends the output where the options ask for it. */
int ff_zt_add_sound(AVFilterContext *ctx);
/* For query_formats: the one format that the model makes, for that output. What it is only the model knows, so that
 * is opened here already. A mute model is an error, in the engine's words. */
int ff_zt_offer_sound(AVFilterContext *ctx, AVFilterFormatsConfig *side);

/* That output; NULL without. */
AVFilterLink *ff_zt_sound_link(AVFilterContext *ctx);
/* The samples of a frame, of a clip whose frame 0 has the time `begin` in samples. Nothing once downstream has
 * enough. */
int ff_zt_output_sound(AVFilterContext *ctx, const zt_frame_info *info, int64_t begin);
/* mode=extend: no sound is known of a frame that passes through, so there is silence up to its end. Times in the time
 * base of the picture's output. */
int ff_zt_output_silence(AVFilterContext *ctx, int64_t begin, int64_t end);

#endif
