/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vf_i2v.c - i2v, a filter that makes a picture move
 *
 * The first frame of the input conditions the generation; then the input is told to stop, so a long video
 * is not decoded to its end and a looped picture does not loop for ever. Frames come out at the model's
 * size and rate. Model, size and length are settled while the graph is configured; the session starts when
 * the picture is there. All else is as in t2vsrc (zt_generate.h). */
#include "libavutil/mathematics.h"
#include "zt_generate.h"

static const AVOption i2v_options[] = {
#define ZT_OPTION ZT_AV_OPTION
#define ZT_CHOICE ZT_AV_CHOICE
#include "api/options.def"
    ZT_AV_ALIASES
    { NULL }
};

AVFILTER_DEFINE_CLASS(i2v);

static av_cold int init(AVFilterContext *ctx)
{
    ZtGenerator *s = ctx->priv;

    s->takes_pictures = 1;
    return ff_zt_init(ctx);
}

static int query_formats(ZT_QUERY_ARGS)
{
    return zt_query_formats_of_both(ZT_QUERY_PASS, ff_zt_picture_formats, ff_zt_pixel_formats);
}

/* The session's plan needs no pixels: what cannot be is said before anything is decoded. */
static int config_output(AVFilterLink *outlink)
{
    AVFilterContext *ctx = outlink->src;
    const AVFilterLink *inlink = ctx->inputs[0];
    ZtGenerator *s = ctx->priv;
    zt_session_info info = { .struct_size = sizeof(info) };
    zt_error error = ZT_ERROR_INIT;
    zt_request request;
    zt_status status;
    zt_image image;
    int ret;

    if ((ret = ff_zt_open(outlink, &request)) < 0)
        return ret;
    s->engine->image_init(&image);
    image.role          = ZT_IMAGE_FIRST;
    image.format        = ff_zt_picture_format(inlink->format);
    image.width         = inlink->w;
    image.height        = inlink->h;
    request.images      = &image;
    request.image_count = 1;
    status = s->engine->session_plan(s->model, &request, &info, &error);
    if (status < 0)
        return ff_zt_fail(ctx, status, &error);
    ff_zt_config_link(outlink, &info);
    return 0;
}

/* Takes the frame over, also on failure. */
static int start(AVFilterContext *ctx, AVFrame *frame)
{
    AVFilterLink *inlink = ctx->inputs[0], *outlink = ctx->outputs[0];
    ZtGenerator *s = ctx->priv;
    zt_request request;
    zt_image image;
    int ret;

    if ((ret = ff_zt_read_options(outlink, &request)) < 0 ||
        (ret = ff_zt_describe_picture(ctx, s->engine, frame, &image)) < 0) {
        av_frame_free(&frame);
        return ret;
    }
    image.role          = ZT_IMAGE_FIRST;
    request.images      = &image;
    request.image_count = 1;
    ret = ff_zt_start(ctx, &request);
    if (ret < 0) {
        av_frame_free(&frame);
        return ret;
    }
    if (frame->pts != AV_NOPTS_VALUE)
        s->first_pts = av_rescale_q(frame->pts, inlink->time_base, outlink->time_base);
    s->condition = frame;
    return 0;
}

static int activate(AVFilterContext *ctx)
{
    AVFilterLink *inlink = ctx->inputs[0], *outlink = ctx->outputs[0];
    ZtGenerator *s = ctx->priv;
    AVFrame *frame = NULL;
    int64_t pts;
    int ret, status;

    if (s->session)
        return ff_zt_activate(ctx);
    FF_FILTER_FORWARD_STATUS_BACK(outlink, inlink);
    if ((ret = ff_inlink_consume_frame(inlink, &frame)) < 0)
        return ret;
    if (ret > 0) {
        if ((ret = start(ctx, frame)) < 0)
            return ret;
        ff_inlink_set_status(inlink, AVERROR_EOF);
        return ff_zt_activate(ctx);
    }
    if (ff_inlink_acknowledge_status(inlink, &status, &pts)) {
        av_log(ctx, AV_LOG_ERROR, "input: expected a picture, got none before its end\n");
        ff_outlink_set_status(outlink, status == AVERROR_EOF ? AVERROR_INVALIDDATA : status, 0);
        return status == AVERROR_EOF ? AVERROR_INVALIDDATA : status;
    }
    FF_FILTER_FORWARD_WANTED(outlink, inlink);
    return FFERROR_NOT_READY;
}

static const AVFilterPad i2v_inputs[] = {
    { .name = "default", .type = AVMEDIA_TYPE_VIDEO },
};

static const AVFilterPad i2v_outputs[] = {
    { .name = "default", .type = AVMEDIA_TYPE_VIDEO, .config_props = config_output },
};

const ZT_FILTER ff_vf_i2v = {
    ZT_PUBLIC(name)        = "i2v",
    ZT_PUBLIC(description) = "Make a picture move with Zoetrope.",
    ZT_PUBLIC(priv_class)  = &i2v_class,
    .priv_size             = sizeof(ZtGenerator),
    .init                  = init,
    .uninit                = ff_zt_close,
    .activate              = activate,
    .process_command       = ff_zt_process_command,
    FILTER_INPUTS(i2v_inputs),
    FILTER_OUTPUTS(i2v_outputs),
    ZT_QUERY_FUNC(query_formats),
};
