/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vsrc_t2v.c - t2vsrc, a video source that makes its frames from a sentence
 *
 * Life of the filter, and what each call may cost:
 *   init            ffmpeg makes and frees a filter once only to count its pads, so nothing starts here
 *   query_formats   with sound=1 it maps the engine and opens the model, which alone knows its sample rate
 *   config_output   maps the engine, opens the model, starts the session: all sources of a graph are at
 *                   work before the first one is waited for
 *   activate        hands out one frame, with its sound (zt_generate.h)
 *   uninit          cancels and joins */
#include "zt_sound.h"

static const AVOption t2vsrc_options[] = {
#define ZT_OPTION ZT_AV_OPTION
#define ZT_CHOICE ZT_AV_CHOICE
#define ZT_I2V_OPTION(name, type, text, number, min, max, choices, flags, help)
#define ZT_I2V_CHOICE(name, word, value, help)
#include "api/options.def"
    ZT_AV_ALIASES{ NULL }
};

AVFILTER_DEFINE_CLASS(t2vsrc);

static int query_formats(ZT_QUERY_ARGS)
{
    const ZtGenerator *s = ctx->priv;
    const int ret = zt_query_formats_of_both(ZT_QUERY_PASS, NULL, ff_zt_output_formats(s));

    return ret < 0 || !s->opt.sound ? ret : ff_zt_offer_sound((AVFilterContext *)ctx, ZT_SOUND_CONFIG);
}

static int config_output(AVFilterLink *outlink)
{
    AVFilterContext *ctx = outlink->src;
    ZtGenerator *s = ctx->priv;
    zt_request request;
    int ret;

    if ((ret = ff_zt_open(outlink, &request)) < 0 || (ret = ff_zt_start(ctx, &request)) < 0)
        return ret;
    ff_zt_config_link(outlink, s->engine->session_get_info(s->session));
    return 0;
}

static int activate(AVFilterContext *ctx)
{
    return ff_zt_end_with(ctx, ff_zt_activate(ctx));
}

static const AVFilterPad t2vsrc_outputs[] = {
    { .name = "default", .type = AVMEDIA_TYPE_VIDEO, .config_props = config_output },
};

const ZT_FILTER ff_vsrc_t2vsrc = {
    ZT_PUBLIC(name) = "t2vsrc",
    ZT_PUBLIC(description) = "Generate video from text with Zoetrope.",
    ZT_PUBLIC(priv_class) = &t2vsrc_class,
    ZT_PUBLIC(flags) = AVFILTER_FLAG_DYNAMIC_OUTPUTS,
    .priv_size = sizeof(ZtGenerator),
    .init = ff_zt_init,
    .uninit = ff_zt_close,
    .activate = activate,
    .process_command = ff_zt_process_command,
    FILTER_OUTPUTS(t2vsrc_outputs),
    ZT_QUERY_FUNC(query_formats),
};
