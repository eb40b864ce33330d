/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_frame.h - converts the engine's frames and statuses to FFmpeg's, and marks frames as generated */
#ifndef ZT_FRAME_H
#define ZT_FRAME_H

#include "zt_compat.h"
#include "zt_loader.h"

/* What decides which frames carry the marks; one for each output, zeroed at the start. */
typedef struct ZtMarks {
    int sei;         /* side data once a second and at each prompt change    */
    int prompt_text; /* the prompt itself, not only its hash                 */
    int begun;
    int64_t next_second;    /* the side data is due again from this second on       */
    char prompt_sha256[65]; /* of the last frame that carried it                    */
} ZtMarks;

/* All pixel formats of the engine that FFmpeg filters carry, best first, -1 last. */
extern const int ff_zt_pixel_formats[];
/* The same with alpha: those of a cutout. */
extern const int ff_zt_alpha_formats[];

/* What a picture may come in, best first, -1 last: the above and what images are decoded to. */
extern const int ff_zt_picture_formats[];
/* The engine's word for one of all these; alpha is not part of it. */
zt_pixel_format ff_zt_picture_format(int av_format);
/* Replaces a frame with a palette by one in RGBA; others stay. A negative AVERROR leaves the frame as it is. */
int ff_zt_expand_palette(AVFrame **frame);
/* A frame of one of these, without a palette, as the engine's image: planes borrowed, colours from its tags;
 * untagged YUV is BT.601 up to 576 lines and BT.709 above. `role` is for the log. A negative AVERROR, logged, for a
 * matrix
 * the engine lacks. */
int ff_zt_describe_picture(AVFilterContext *ctx, const ZtEngine *engine, const AVFrame *frame, const char *role,
                           zt_image *image);

/* The name of a format with alpha that FFmpeg converts to or from one of ours, because that is what the input
 * has or the one behind asked for by name; else NULL. Valid once the formats of the graph are settled. */
const char *ff_zt_alpha_before(const AVFilterLink *inlink);
const char *ff_zt_alpha_behind(const AVFilterLink *outlink);
/* The other way round: the name of a format without alpha that FFmpeg converts a cutout to. */
const char *ff_zt_alpha_lost(const AVFilterLink *outlink);

/* The AVERROR that a status becomes. */
int ff_zt_error(zt_status status);

/* A zt_log_fn; opaque is an AVFilterContext or NULL. */
void ff_zt_log(void *opaque, zt_log_level level, const char *message);

/* The time of so many frames of this rate, in outlink's time base. */
int64_t ff_zt_ticks(const AVFilterLink *outlink, zt_rational rate, int64_t frames);

/* Wraps the engine's frame without copying, or copies where FFmpeg asks for a wider alignment; sets all
 * properties. Takes the reference over in any case, also on failure. */
int ff_zt_wrap_frame(AVFilterLink *outlink, const ZtEngine *engine, zt_frame *source, AVFrame **frame);

/* Marks a frame as generated: metadata on the first frame of a chunk, side data as `marks` says. The
 * first marked frame also logs, verbosely, the arguments that mark a file. */
int ff_zt_mark_frame(AVFilterContext *ctx, const ZtEngine *engine, const zt_model_info *model,
                     const zt_frame_info *info, ZtMarks *marks, AVFrame *frame);

#endif
