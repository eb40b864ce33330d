/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_overlay.c - the few functions in which the overlay libavfilter differs from the stock one
 *
 * The overlay has the stock library's name and needs it by absolute path, so the stock library stays in
 * the process and answers everything but what is defined here: the list of filters, the look-up of a
 * filter by name, and the graph parser, which is the one stock caller of that look-up. The three functions
 * that read a filter's arguments look at those of our filters first (zt_args.h).
 *
 * Set by build-overlay:  ZT_FFMPEG  av_version_info() of the FFmpeg whose source this was compiled in
 *                        ZT_STOCK   absolute path of the stock library
 * With any other FFmpeg in the process the structs may differ: one warning, then everything is stock. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "libavutil/avutil.h"
#include "libavutil/log.h"
#include "zt_args.h"
#include "zt_compat.h"

/* Our positions in av_filter_iterate's opaque counter; the stock ones count from zero. */
#define OURS_FROM ((uintptr_t)1 << 30)

extern const ZT_FILTER ff_vf_i2v, ff_vsrc_t2vsrc;

static const AVFilter *our_filter(uintptr_t index)
{
    const AVFilter *const filters[] = { ZT_PUBLIC_OF(ff_vf_i2v), ZT_PUBLIC_OF(ff_vsrc_t2vsrc) };
    return index < sizeof(filters) / sizeof(filters[0]) ? filters[index] : NULL;
}

/* The compiled-in graph parser, renamed by build-overlay, and the same functions of the stock library. */
#define PARSER_5_1(F)                                                                                                  \
    F(int, avfilter_graph_parse, (AVFilterGraph * g, const char *s, AVFilterInOut *i, AVFilterInOut *o, void *l),      \
      (g, s, i, o, l))                                                                                                 \
    F(int, avfilter_graph_parse_ptr,                                                                                   \
      (AVFilterGraph * g, const char *s, AVFilterInOut **i, AVFilterInOut **o, void *l), (g, s, i, o, l))              \
    F(AVFilterInOut *, avfilter_inout_alloc, (void), ())
/* PARSE2 and APPLY are defined by hand below. */
#define PARSER_PARSE2(F)                                                                                               \
    F(int, avfilter_graph_parse2, (AVFilterGraph * g, const char *s, AVFilterInOut **i, AVFilterInOut **o),            \
      (g, s, i, o))
#if LIBAVFILTER_VERSION_MAJOR >= 9
#define PARSER_6_0(F)                                                                                                  \
    F(int, avfilter_graph_segment_parse, (AVFilterGraph * g, const char *s, int f, AVFilterGraphSegment **seg),        \
      (g, s, f, seg))                                                                                                  \
    F(int, avfilter_graph_segment_create_filters, (AVFilterGraphSegment * seg, int f), (seg, f))                       \
    F(int, avfilter_graph_segment_apply_opts, (AVFilterGraphSegment * seg, int f), (seg, f))                           \
    F(int, avfilter_graph_segment_init, (AVFilterGraphSegment * seg, int f), (seg, f))                                 \
    F(int, avfilter_graph_segment_link, (AVFilterGraphSegment * seg, int f, AVFilterInOut **i, AVFilterInOut **o),     \
      (seg, f, i, o))
#define PARSER_APPLY(F)                                                                                                \
    F(int, avfilter_graph_segment_apply, (AVFilterGraphSegment * seg, int f, AVFilterInOut **i, AVFilterInOut **o),    \
      (seg, f, i, o))
#define PARSER_FREE(F)                                                                                                 \
    F(avfilter_inout_free, (AVFilterInOut * *io), (io))                                                                \
    F(avfilter_graph_segment_free, (AVFilterGraphSegment * *seg), (seg))
#else
#define PARSER_6_0(F)
#define PARSER_APPLY(F)
#define PARSER_FREE(F) F(avfilter_inout_free, (AVFilterInOut * *io), (io))
#endif

#define DECLARE_OWN(type, name, params, args) type zt_own_##name params;
#define DECLARE_OWN_FREE(name, params, args)  void zt_own_##name params;
PARSER_5_1(DECLARE_OWN)
PARSER_6_0(DECLARE_OWN)
PARSER_PARSE2(DECLARE_OWN)
PARSER_APPLY(DECLARE_OWN)
PARSER_FREE(DECLARE_OWN_FREE)

static struct Stock {
    const AVFilter *(*av_filter_iterate)(void **opaque);
    const AVFilter *(*avfilter_get_by_name)(const char *name);
    int (*avfilter_init_str)(AVFilterContext *ctx, const char *args);
    int (*avfilter_graph_create_filter)(AVFilterContext **ctx, const AVFilter *filter, const char *name,
                                        const char *args, void *opaque, AVFilterGraph *graph);
#if LIBAVFILTER_VERSION_MAJOR < 9
    int (*avfilter_pad_count)(const AVFilterPad *pads);
#endif
#define MEMBER(type, name, params, args) type(*name) params;
#define MEMBER_FREE(name, params, args)  void(*name) params;
    PARSER_5_1(MEMBER)
    PARSER_6_0(MEMBER)
    PARSER_PARSE2(MEMBER)
    PARSER_APPLY(MEMBER)
    PARSER_FREE(MEMBER_FREE)
} stock;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int complete; /* every stock function was found       */
static int same;     /* ... and it is the FFmpeg we know     */

static void find_stock(void)
{
    void *library = dlopen(ZT_STOCK, RTLD_LAZY | RTLD_NOLOAD);

    if (!library)
        return;
    complete = 1;
#define FIND(name)                                                                                                     \
    stock.name = (__typeof__(stock.name))dlsym(library, #name);                                                        \
    complete &= stock.name != NULL;
#define FIND_PARSER(type, name, params, args) FIND(name)
#define FIND_FREE(name, params, args)         FIND(name)
    FIND(av_filter_iterate)
    FIND(avfilter_get_by_name)
    FIND(avfilter_init_str)
    FIND(avfilter_graph_create_filter)
#if LIBAVFILTER_VERSION_MAJOR < 9
    FIND(avfilter_pad_count)
#endif
    PARSER_5_1(FIND_PARSER)
    PARSER_6_0(FIND_PARSER)
    PARSER_PARSE2(FIND_PARSER)
    PARSER_APPLY(FIND_PARSER)
    PARSER_FREE(FIND_FREE)
    same = complete && !strcmp(av_version_info(), ZT_FFMPEG);
    if (!same)
        av_log(NULL, AV_LOG_WARNING,
               "zoetrope: expected FFmpeg " ZT_FFMPEG ", got %s%s; i2v and t2vsrc are "
               "left out, build the overlay again\n",
               av_version_info(), complete ? "" : " without a function that the overlay calls");
}

static int is_same(void)
{
    pthread_once(&once, find_stock);
    return same;
}

const AVFilter *av_filter_iterate(void **opaque)
{
    const uintptr_t position = (uintptr_t)*opaque;
    const AVFilter *filter = NULL;

    is_same();
    if (position < OURS_FROM && complete)
        filter = stock.av_filter_iterate(opaque);
    if (!filter && same) {
        const uintptr_t index = position < OURS_FROM ? 0 : position - OURS_FROM;
        filter = our_filter(index);
        if (filter)
            *opaque = (void *)(OURS_FROM + index + 1);
    }
    return filter;
}

const AVFilter *avfilter_get_by_name(const char *name)
{
    const AVFilter *filter = NULL;

    if (!name)
        return NULL;
    is_same();
    if (complete)
        filter = stock.avfilter_get_by_name(name);
    for (uintptr_t i = 0; !filter && same && our_filter(i); i++)
        if (!strcmp(our_filter(i)->name, name))
            filter = our_filter(i);
    return filter;
}

#if LIBAVFILTER_VERSION_MAJOR < 9
/* The stock function asserts that the pads belong to a filter of its own list. */
int avfilter_pad_count(const AVFilterPad *pads)
{
    is_same();
    for (uintptr_t i = 0; pads && our_filter(i); i++) {
        if (pads == our_filter(i)->inputs)
            return our_filter(i)->nb_inputs;
        if (pads == our_filter(i)->outputs)
            return our_filter(i)->nb_outputs;
    }
    return complete ? stock.avfilter_pad_count(pads) : 0;
}
#endif

/* ---- Arguments: stock reads them, after ff_zt_check_args where the filter is ours ------------------- */

static int check_args(void *log, const AVClass *filter, const char *args)
{
    for (uintptr_t i = 0; is_same() && our_filter(i); i++)
        if (our_filter(i)->priv_class == filter)
            return ff_zt_check_args(log, filter, args);
    return 0;
}

int avfilter_init_str(AVFilterContext *ctx, const char *args)
{
    const int ret = is_same() ? check_args(ctx, ctx->filter->priv_class, args) : 0;

    if (ret < 0)
        return ret;
    return complete ? stock.avfilter_init_str(ctx, args) : AVERROR(ENOSYS);
}

int avfilter_graph_create_filter(AVFilterContext **ctx, const AVFilter *filter, const char *name, const char *args,
                                 void *opaque, AVFilterGraph *graph)
{
    const int ret = is_same() && filter ? check_args(graph, filter->priv_class, args) : 0;

    if (ret < 0) {
        *ctx = NULL;
        return ret;
    }
    return complete ? stock.avfilter_graph_create_filter(ctx, filter, name, args, opaque, graph) : AVERROR(ENOSYS);
}

#if LIBAVFILTER_VERSION_MAJOR >= 9
/* What the compiled-in parser calls in place of the function without zt_, by build-overlay. */
int ff_filter_opt_parse(void *log, const AVClass *filter, AVDictionary **options, const char *args);
int zt_filter_opt_parse(void *log, const AVClass *filter, AVDictionary **options, const char *args);

int zt_filter_opt_parse(void *log, const AVClass *filter, AVDictionary **options, const char *args)
{
    const int ret = check_args(log, filter, args);

    return ret < 0 ? ret : ff_filter_opt_parse(log, filter, options, args);
}
#endif

/* ---- The graph parser ---- */

/* Up to 6.0 the program ffmpeg takes a frame of a graph's first open output before it has opened that output's encoder,
 * and the parser lists the last label first. An audio encoder that wants 1024 samples at a time then gets one frame of
 * another size: it refuses a longer one and fills up a shorter one with silence, which moves all sound behind it. So
 * pictures are listed before sound where one of our filters makes both: they come in whole frames anyway. */
#if !ZT_AVFILTER_AT_LEAST(9, 12) /* 6.1 */
static int makes_sound(const AVFilterGraph *graph)
{
    for (unsigned i = 0; i < graph->nb_filters; i++)
        for (uintptr_t ours = 0; our_filter(ours); ours++)
            if (graph->filters[i]->filter == our_filter(ours) && graph->filters[i]->nb_outputs > 1)
                return 1;
    return 0;
}

static void put_pictures_first(const AVFilterGraph *graph, AVFilterInOut **outputs)
{
    AVFilterInOut *sound = NULL, **sound_end = &sound, *others = NULL, **others_end = &others;

    if (!is_same() || !makes_sound(graph))
        return;
    for (AVFilterInOut *output = *outputs, *next; output; output = next) {
        const enum AVMediaType type = avfilter_pad_get_type(output->filter_ctx->output_pads, output->pad_idx);
        AVFilterInOut ***end = type == AVMEDIA_TYPE_AUDIO ? &sound_end : &others_end;
        next = output->next;
        output->next = NULL;
        **end = output;
        *end = &output->next;
    }
    *others_end = sound;
    *outputs = others;
}
#else
static void put_pictures_first(const AVFilterGraph *graph, AVFilterInOut **outputs)
{
    (void)graph;
    (void)outputs;
}
#endif

/* `complete` is false only if the stock library is not in the process; then ours is the only parser. */
#define DEFINE(type, name, params, args)                                                                               \
    type name params                                                                                                   \
    {                                                                                                                  \
        return is_same() || !complete ? zt_own_##name args : stock.name args;                                          \
    }
#define DEFINE_FREE(name, params, args)                                                                                \
    void name params                                                                                                   \
    {                                                                                                                  \
        if (is_same() || !complete)                                                                                    \
            zt_own_##name args;                                                                                        \
        else                                                                                                           \
            stock.name args;                                                                                           \
    }
PARSER_5_1(DEFINE)
PARSER_6_0(DEFINE)
PARSER_FREE(DEFINE_FREE)

/* The two that give the program ffmpeg a graph's open outputs. */
int avfilter_graph_parse2(AVFilterGraph *g, const char *text, AVFilterInOut **i, AVFilterInOut **o)
{
    const int ret = is_same() || !complete ? zt_own_avfilter_graph_parse2(g, text, i, o)
                                           : stock.avfilter_graph_parse2(g, text, i, o);

    if (ret >= 0)
        put_pictures_first(g, o);
    return ret;
}

#if LIBAVFILTER_VERSION_MAJOR >= 9
int avfilter_graph_segment_apply(AVFilterGraphSegment *seg, int f, AVFilterInOut **i, AVFilterInOut **o)
{
    const int ret = is_same() || !complete ? zt_own_avfilter_graph_segment_apply(seg, f, i, o)
                                           : stock.avfilter_graph_segment_apply(seg, f, i, o);

    if (ret >= 0)
        put_pictures_first(seg->graph, o);
    return ret;
}
#endif
