/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_compat.h - the differences between FFmpeg 5.1 and 9.0, all of them, so that each filter is one text
 *
 * Included first by every filter here. The number in a comment is the first FFmpeg release with the
 * newer form. Plain strings instead of NULL_IF_CONFIG_SMALL: that macro hides in different headers. */
#ifndef ZT_COMPAT_H
#define ZT_COMPAT_H

#include "libavutil/frame.h"
#include "libavutil/version.h"
#include "libavfilter/avfilter.h"
#include "libavfilter/version.h"
#include "libavfilter/filters.h"
#include "libavfilter/formats.h"
#include "libavfilter/video.h"

#define ZT_AVFILTER_AT_LEAST(major, minor) (LIBAVFILTER_VERSION_INT >= AV_VERSION_INT(major, minor, 0))
#define ZT_AVUTIL_AT_LEAST(major, minor)   (LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(major, minor, 0))

#if !ZT_AVFILTER_AT_LEAST(10, 4) /* 7.1 */
#include "libavfilter/internal.h"
#endif

/* How a filter is defined: ZT_FILTER ff_x = { ZT_PUBLIC(name) = "x", .init = ... }; 8.0 */
#if LIBAVFILTER_VERSION_MAJOR >= 11
#define ZT_FILTER       FFFilter
#define ZT_PUBLIC(f)    .p.f
#define ZT_PUBLIC_OF(x) (&(x).p)
#else
#define ZT_FILTER       AVFilter
#define ZT_PUBLIC(f)    .f
#define ZT_PUBLIC_OF(x) (&(x))
#endif

/* 7.1 */
#if ZT_AVFILTER_AT_LEAST(10, 4)
#define zt_set_frame_rate(link, rate) (ff_filter_link(link)->frame_rate = (rate))
#define zt_frame_rate(link)           (ff_filter_link((AVFilterLink *)(link))->frame_rate)
#else
#define zt_set_frame_rate(link, rate) ((link)->frame_rate = (rate))
#define zt_frame_rate(link)           ((link)->frame_rate)
#endif

/* Up to 6.0 the program ffmpeg forgets an error that a filter graph of -filter_complex or -vf returns while its
 * frames are fetched: it closes the short file and ends with status 0, with -xerror too. 6.1 */
#define ZT_STATUS_IS_LOST (!ZT_AVFILTER_AT_LEAST(9, 12))

/* The function in which a filter says what its links carry.
 * Use: static int name(ZT_QUERY_ARGS) { return zt_query_formats_of_both(ZT_QUERY_PASS, in, out); }, and
 * ZT_QUERY_FUNC(name) in the definition. */
#if ZT_AVFILTER_AT_LEAST(10, 4)
#define ZT_QUERY_ARGS       const AVFilterContext *ctx, AVFilterFormatsConfig **cfg_in, AVFilterFormatsConfig **cfg_out
#define ZT_QUERY_PASS       ctx, cfg_in, cfg_out
#define ZT_QUERY_FUNC(func) FILTER_QUERY_FUNC2(func)
#else
#define ZT_QUERY_ARGS       AVFilterContext *ctx
#define ZT_QUERY_PASS       ctx
#define ZT_QUERY_FUNC(func) FILTER_QUERY_FUNC(func)
#endif

#if ZT_AVFILTER_AT_LEAST(10, 4)
#define ZT_INPUT_CONFIG(i) (cfg_in[i])
#define ZT_OUTPUT_CONFIG   (cfg_out[0])
#define ZT_SOUND_CONFIG    (cfg_out[1])
#else
#define ZT_INPUT_CONFIG(i) (&ctx->inputs[i]->outcfg)
#define ZT_OUTPUT_CONFIG   (&ctx->outputs[0]->incfg)
#define ZT_SOUND_CONFIG    (&ctx->outputs[1]->incfg)
#endif

/* One side of one link: these formats, and any colours (spaces is NULL) or these. */
static inline int zt_offer(AVFilterFormatsConfig *side, const int *formats, const int *spaces, const int *ranges)
{
    int ret;

#if ZT_AVFILTER_AT_LEAST(9, 15) /* 7.0 */
    if ((ret = ff_formats_ref(spaces ? ff_make_format_list(spaces) : ff_all_color_spaces(), &side->color_spaces)) < 0 ||
        (ret = ff_formats_ref(ranges ? ff_make_format_list(ranges) : ff_all_color_ranges(), &side->color_ranges)) < 0)
        return ret;
#else
    (void)spaces;
    (void)ranges;
#endif
    ret = ff_formats_ref(ff_make_format_list(formats), &side->formats);
    return ret;
}

/* The inputs, where there are some, take the formats `in` in any colours; pictures leave in the formats `out`, YUV as
 * BT.709 limited. From 7.0 on links negotiate the latter, and a filter that is silent about it loses the tags after the
 * next scale. */
static inline int zt_query_formats_of_both(ZT_QUERY_ARGS, const int *in, const int *out)
{
    static const int spaces[] = { AVCOL_SPC_BT709, -1 };
    static const int ranges[] = { AVCOL_RANGE_MPEG, -1 };

    for (unsigned i = 0; i < ctx->nb_inputs; i++) {
        const int ret = zt_offer(ZT_INPUT_CONFIG(i), in, NULL, NULL);
        if (ret < 0)
            return ret;
    }
    return zt_offer(ZT_OUTPUT_CONFIG, out, spaces, ranges);
}

/* The same for a filter whose first input passes through: it has what the output has, the others what they
 * like. Colours that no one has named pass too. */
static inline int zt_query_formats_passing(ZT_QUERY_ARGS, const int *through, const int *others)
{
    AVFilterFormats *list = ff_make_format_list(through);
    int ret;

#if ZT_AVFILTER_AT_LEAST(9, 15) /* 7.0 */
    static const int spaces[] = { AVCOL_SPC_BT709, AVCOL_SPC_UNSPECIFIED, -1 };
    static const int ranges[] = { AVCOL_RANGE_MPEG, AVCOL_RANGE_UNSPECIFIED, -1 };
    AVFilterFormats *space = ff_make_format_list(spaces), *range = ff_make_format_list(ranges);

    if ((ret = ff_formats_ref(space, &ZT_INPUT_CONFIG(0)->color_spaces)) < 0 ||
        (ret = ff_formats_ref(space, &ZT_OUTPUT_CONFIG->color_spaces)) < 0 ||
        (ret = ff_formats_ref(range, &ZT_INPUT_CONFIG(0)->color_ranges)) < 0 ||
        (ret = ff_formats_ref(range, &ZT_OUTPUT_CONFIG->color_ranges)) < 0)
        return ret;
#endif
    if ((ret = ff_formats_ref(list, &ZT_INPUT_CONFIG(0)->formats)) < 0 ||
        (ret = ff_formats_ref(list, &ZT_OUTPUT_CONFIG->formats)) < 0)
        return ret;
    for (unsigned i = 1; i < ctx->nb_inputs; i++)
        if ((ret = zt_offer(ZT_INPUT_CONFIG(i), others, NULL, NULL)) < 0)
            return ret;
    return 0;
}

/* Whether the frame says that its colours are multiplied by its alpha; before 8.1 frames could not. */
static inline int zt_is_premultiplied(const AVFrame *frame)
{
#if ZT_AVFILTER_AT_LEAST(11, 6) /* 8.1 */
    return frame->alpha_mode == AVALPHA_MODE_PREMULTIPLIED;
#else
    (void)frame;
    return 0;
#endif
}

static inline void zt_set_duration(AVFrame *frame, int64_t ticks)
{
#if ZT_AVUTIL_AT_LEAST(57, 30) /* 6.0 */
    frame->duration = ticks;
#else
    frame->pkt_duration = ticks;
#endif
}

/* So many ticks long, a picture of its own, progressive; no alpha is ever made here. */
static inline void zt_set_frame_flags(AVFrame *frame, int64_t duration)
{
    zt_set_duration(frame, duration);
#if ZT_AVUTIL_AT_LEAST(58, 7) /* 6.1 */
    frame->flags |= AV_FRAME_FLAG_KEY;
    frame->flags &= ~AV_FRAME_FLAG_INTERLACED;
#else
    frame->key_frame = 1;
    frame->interlaced_frame = 0;
#endif
}

#endif
