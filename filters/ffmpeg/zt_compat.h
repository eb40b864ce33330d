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

#define ZT_AVFILTER_AT_LEAST(major, minor) \
    (LIBAVFILTER_VERSION_INT >= AV_VERSION_INT(major, minor, 0))
#define ZT_AVUTIL_AT_LEAST(major, minor) \
    (LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(major, minor, 0))

#if !ZT_AVFILTER_AT_LEAST(10, 4)    /* 7.1 */
#include "libavfilter/internal.h"
#endif

/* How a filter is defined: ZT_FILTER ff_x = { ZT_PUBLIC(name) = "x", .init = ... }; 8.0 */
#if LIBAVFILTER_VERSION_MAJOR >= 11
#define ZT_FILTER      FFFilter
#define ZT_PUBLIC(f)   .p.f
#define ZT_PUBLIC_OF(x) (&(x).p)
#else
#define ZT_FILTER      AVFilter
#define ZT_PUBLIC(f)   .f
#define ZT_PUBLIC_OF(x) (&(x))
#endif

/* 7.1 */
#if ZT_AVFILTER_AT_LEAST(10, 4)
#define zt_set_frame_rate(link, rate) (ff_filter_link(link)->frame_rate = (rate))
#else
#define zt_set_frame_rate(link, rate) ((link)->frame_rate = (rate))
#endif

/* The pixel formats a filter makes, and that its YUV is BT.709 limited. From 7.0 on links negotiate the
 * latter, and a filter that is silent about it loses the tags after the next scale.
 * Use: static int name(ZT_QUERY_ARGS) { return zt_query_formats(ZT_QUERY_PASS, formats); }, and
 * ZT_QUERY_FUNC(name) in the definition. */
#if ZT_AVFILTER_AT_LEAST(10, 4)
#define ZT_QUERY_ARGS \
    const AVFilterContext *ctx, AVFilterFormatsConfig **cfg_in, AVFilterFormatsConfig **cfg_out
#define ZT_QUERY_PASS ctx, cfg_in, cfg_out
#define ZT_QUERY_FUNC(func) FILTER_QUERY_FUNC2(func)
#define ZT_QUERY_SET(what, list) ff_set_common_##what##_from_list2(ctx, cfg_in, cfg_out, list)
#else
#define ZT_QUERY_ARGS AVFilterContext *ctx
#define ZT_QUERY_PASS ctx
#define ZT_QUERY_FUNC(func) FILTER_QUERY_FUNC(func)
#define ZT_QUERY_SET(what, list) ff_set_common_##what##_from_list(ctx, list)
#endif

static inline int zt_query_formats(ZT_QUERY_ARGS, const int *formats)
{
#if ZT_AVFILTER_AT_LEAST(9, 15)     /* 7.0 */
    static const int spaces[] = { AVCOL_SPC_BT709, -1 };
    static const int ranges[] = { AVCOL_RANGE_MPEG, -1 };
    int ret;

    if ((ret = ZT_QUERY_SET(color_spaces, spaces)) < 0 ||
        (ret = ZT_QUERY_SET(color_ranges, ranges)) < 0)
        return ret;
#endif
    return ZT_QUERY_SET(formats, formats);
}

/* The same for a filter whose one input takes other formats than its one output gives, and any colours. */
static inline int zt_query_formats_of_both(ZT_QUERY_ARGS, const int *in, const int *out)
{
#if ZT_AVFILTER_AT_LEAST(10, 4)
    AVFilterFormatsConfig *from = cfg_in[0], *to = cfg_out[0];
#else
    AVFilterFormatsConfig *from = &ctx->inputs[0]->outcfg, *to = &ctx->outputs[0]->incfg;
#endif
    int ret;

#if ZT_AVFILTER_AT_LEAST(9, 15)     /* 7.0 */
    static const int spaces[] = { AVCOL_SPC_BT709, -1 };
    static const int ranges[] = { AVCOL_RANGE_MPEG, -1 };

    if ((ret = ff_formats_ref(ff_all_color_spaces(), &from->color_spaces)) < 0 ||
        (ret = ff_formats_ref(ff_all_color_ranges(), &from->color_ranges)) < 0 ||
        (ret = ff_formats_ref(ff_make_format_list(spaces), &to->color_spaces)) < 0 ||
        (ret = ff_formats_ref(ff_make_format_list(ranges), &to->color_ranges)) < 0)
        return ret;
#endif
    if ((ret = ff_formats_ref(ff_make_format_list(in), &from->formats)) < 0)
        return ret;
#if ZT_AVFILTER_AT_LEAST(10, 4)
    (void)ctx;
#endif
    return ff_formats_ref(ff_make_format_list(out), &to->formats);
}

/* One tick long, a picture of its own, progressive; no alpha is ever made here. */
static inline void zt_set_frame_flags(AVFrame *frame)
{
#if ZT_AVUTIL_AT_LEAST(57, 30)      /* 6.0 */
    frame->duration = 1;
#else
    frame->pkt_duration = 1;
#endif
#if ZT_AVUTIL_AT_LEAST(58, 7)       /* 6.1 */
    frame->flags |= AV_FRAME_FLAG_KEY;
    frame->flags &= ~AV_FRAME_FLAG_INTERLACED;
#else
    frame->key_frame = 1;
    frame->interlaced_frame = 0;
#endif
}

#endif
