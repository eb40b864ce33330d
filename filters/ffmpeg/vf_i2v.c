/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vf_i2v.c - the filter i2v: makes a picture move, or continues a clip
 *
 * mode=animate: the first frame conditions the generation; then the input is told to stop, so a long video is
 * not decoded to its end and a looped picture does not loop for ever. mode=extend: the input passes through
 * untouched and its newest frames are kept; at its end they condition, and the new frames follow in time.
 * With mask=1 there is a second input of which one frame is looked at. Model, size and length are settled
 * while the graph is configured; the session starts when its pictures are there. All else is as in t2vsrc
 * (zt_generate.h). */
#include <string.h>

#include "libavutil/mathematics.h"
#include "libavutil/pixdesc.h"
#include "zt_sound.h"

#define MOST_CONTEXT 64 /* frames, as in the option table */

enum { MODE_ANIMATE, MODE_EXTEND };
enum { ALPHA_AUTO, ALPHA_STRAIGHT, ALPHA_PREMULTIPLIED };

typedef struct I2v {
    ZtGenerator gen;             /* first: the options lie there */
    AVFrame *held[MOST_CONTEXT]; /* the picture, or the newest frames, oldest first */
    int nb_held, most_held;
    AVFrame *mask;
    int input_over;   /* all of the input that matters has come */
    int64_t next_pts; /* where the new frames begin, in the output's time base */
} I2v;

static const AVOption i2v_options[] = {
#define ZT_OPTION ZT_AV_OPTION
#define ZT_CHOICE ZT_AV_CHOICE
#include "api/options.def"
    ZT_AV_ALIASES{ NULL }
};

AVFILTER_DEFINE_CLASS(i2v);

static av_cold int init(AVFilterContext *ctx)
{
    static const AVFilterPad mask = { .name = "mask", .type = AVMEDIA_TYPE_VIDEO };
    ZtGenerator *s = ctx->priv;
    AVFilterPad pad = mask;
    int ret;

    s->takes_pictures = 1;
    if ((ret = ff_zt_init(ctx)) < 0)
        return ret;
    if (s->opt.context && s->opt.mode != MODE_EXTEND) {
        av_log(ctx, AV_LOG_ERROR, "context: expected 0 (mode=animate looks at one picture), got %d\n",
               (int)s->opt.context);
        return AVERROR(EINVAL);
    }
    if (s->opt.cutout && s->opt.mode == MODE_EXTEND) {
        av_log(ctx, AV_LOG_ERROR,
               "cutout: expected 0 with mode=extend (what passes through has its backdrop), got 1\n");
        return AVERROR(EINVAL);
    }
    return s->opt.mask ? ff_append_inpad(ctx, &pad) : 0;
}

static av_cold void uninit(AVFilterContext *ctx)
{
    I2v *s = ctx->priv;

    while (s->nb_held > 0)
        av_frame_free(&s->held[--s->nb_held]);
    av_frame_free(&s->mask);
    ff_zt_close(ctx);
}

static int query_formats(ZT_QUERY_ARGS)
{
    const ZtGenerator *s = ctx->priv;
    const int ret = s->opt.mode == MODE_EXTEND
                        ? zt_query_formats_passing(ZT_QUERY_PASS, ff_zt_pixel_formats, ff_zt_picture_formats)
                        : zt_query_formats_of_both(ZT_QUERY_PASS, ff_zt_picture_formats, ff_zt_output_formats(s));

    return ret < 0 || !s->opt.sound ? ret : ff_zt_offer_sound((AVFilterContext *)ctx, ZT_SOUND_CONFIG);
}

/* What passes through sets size and rate. */
static int follow_input(AVFilterContext *ctx, zt_request *request)
{
    const AVFilterLink *inlink = ctx->inputs[0];
    const AVRational rate = zt_frame_rate(inlink);

    if (((I2v *)ctx->priv)->gen.opt.mode != MODE_EXTEND)
        return 0;
    if (ff_zt_alpha_before(inlink)) {
        av_log(ctx, AV_LOG_ERROR,
               "input: expected a format without alpha with mode=extend, got %s; "
               "format=yuv420p in front drops the alpha, whatever colour it hides\n",
               ff_zt_alpha_before(inlink));
        return AVERROR(EINVAL);
    }
    if ((request->width || request->height) && (request->width != inlink->w || request->height != inlink->h)) {
        av_log(ctx, AV_LOG_ERROR, "size: expected %dx%d, that of the input that passes through, got %dx%d\n", inlink->w,
               inlink->h, request->width, request->height);
        return AVERROR(EINVAL);
    }
    if (rate.num <= 0 || rate.den <= 0) {
        av_log(ctx, AV_LOG_ERROR,
               "input: expected a constant frame rate to go on with, got none; "
               "an fps filter in front gives it one\n");
        return AVERROR(EINVAL);
    }
    if (request->rate.num && av_cmp_q(rate, (AVRational){ request->rate.num, request->rate.den })) {
        av_log(ctx, AV_LOG_ERROR, "rate: expected %d/%d, that of the input that passes through, got %d/%d\n", rate.num,
               rate.den, request->rate.num, request->rate.den);
        return AVERROR(EINVAL);
    }
    request->width = inlink->w;
    request->height = inlink->h;
    request->rate = (zt_rational){ rate.num, rate.den };
    return 0;
}

static zt_image_role role_of(const I2v *s)
{
    return s->gen.opt.mode == MODE_EXTEND ? ZT_IMAGE_HISTORY : ZT_IMAGE_FIRST;
}

static void describe_link(const I2v *s, const AVFilterLink *link, zt_image_role role, zt_image *image)
{
    s->gen.engine->image_init_sized(image, sizeof(*image));
    image->role = role;
    image->format = ff_zt_picture_format(link->format);
    image->width = link->w;
    image->height = link->h;
}

/* The session's plan needs no pixels: what cannot be is said before anything is decoded. */
static int config_output(AVFilterLink *outlink)
{
    AVFilterContext *ctx = outlink->src;
    AVFilterLink *inlink = ctx->inputs[0];
    I2v *s = ctx->priv;
    zt_session_info info = { .struct_size = sizeof(info) };
    zt_error error = ZT_ERROR_INIT;
    zt_image images[MOST_CONTEXT + 1];
    zt_request request;
    zt_status status;
    int ret;

    if ((ret = ff_zt_open(outlink, &request)) < 0 || (ret = follow_input(ctx, &request)) < 0)
        return ret;
    s->most_held = 1;
    if (role_of(s) == ZT_IMAGE_HISTORY) /* none at all is for the engine to say */
        s->most_held = s->gen.opt.context
                           ? (int)s->gen.opt.context
                           : av_clip(s->gen.engine->model_get_info(s->gen.model)->history_images, 1, MOST_CONTEXT);
    for (int i = 0; i < s->most_held; i++)
        describe_link(s, inlink, role_of(s), &images[i]);
    request.images = images;
    request.image_count = (size_t)s->most_held;
    if (s->gen.opt.mask)
        describe_link(s, ctx->inputs[1], ZT_IMAGE_MASK, &images[request.image_count++]);
    status = s->gen.engine->session_plan(s->gen.model, &request, &info, &error);
    if (status < 0)
        return ff_zt_fail(ctx, status, &error);
    ff_zt_config_link(outlink, &info);
    if (role_of(s) == ZT_IMAGE_HISTORY) {
        outlink->time_base = inlink->time_base;
        outlink->sample_aspect_ratio = inlink->sample_aspect_ratio;
    }
    return 0;
}

/* Takes one of the pictures as the engine wants it; the planes stay the frame's. `role` as for the log. */
static int describe(AVFilterContext *ctx, AVFrame **frame, const char *role, zt_image *image)
{
    I2v *s = ctx->priv;
    int ret;

    if ((ret = ff_zt_expand_palette(frame)) < 0 ||
        (ret = ff_zt_describe_picture(ctx, s->gen.engine, *frame, role, image)) < 0)
        return ret;
    if (s->gen.opt.alpha == ALPHA_PREMULTIPLIED || (s->gen.opt.alpha == ALPHA_AUTO && zt_is_premultiplied(*frame)))
        image->alpha = ZT_ALPHA_PREMULTIPLIED;
    return 0;
}

/* The pictures are there, and stay until the session has copied them. */
static int start(AVFilterContext *ctx)
{
    I2v *s = ctx->priv;
    zt_image images[MOST_CONTEXT + 1];
    zt_request request;
    size_t count = 0;
    int ret;

    if ((ret = ff_zt_read_options(ctx->outputs[0], &request)) < 0 || (ret = follow_input(ctx, &request)) < 0)
        return ret;
    for (int i = 0; i < s->nb_held; i++) {
        const char *name = role_of(s) == ZT_IMAGE_HISTORY ? "history" : "first image";
        if ((ret = describe(ctx, &s->held[i], name, &images[count])) < 0)
            return ret;
        if (role_of(s) == ZT_IMAGE_HISTORY && s->held[i]->colorspace == AVCOL_SPC_UNSPECIFIED)
            images[count].matrix = ZT_MATRIX_BT709; /* what the new frames are */
        images[count++].role = role_of(s);
    }
    if (s->mask) {
        if ((ret = describe(ctx, &s->mask, "mask", &images[count])) < 0)
            return ret;
        images[count++].role = ZT_IMAGE_MASK;
    }
    request.images = images;
    request.image_count = count;
    if ((ret = ff_zt_start(ctx, &request)) < 0)
        return ret;
    s->gen.first_pts = s->next_pts;
    if (role_of(s) == ZT_IMAGE_FIRST)
        FFSWAP(AVFrame *, s->gen.condition, s->held[0]);
    while (s->nb_held > 0)
        av_frame_free(&s->held[--s->nb_held]);
    av_frame_free(&s->mask);
    return 0;
}

/* What passes through must be what the new frames will be, or the eye sees where they begin. From FFmpeg 7.0
 * on the links have settled that. */
static int check_passing(AVFilterContext *ctx, const AVFrame *frame)
{
    const int rgb = !!(av_pix_fmt_desc_get(frame->format)->flags & AV_PIX_FMT_FLAG_RGB);
    const char *space = av_color_space_name(frame->colorspace);

    if (rgb || ((frame->colorspace == AVCOL_SPC_BT709 || frame->colorspace == AVCOL_SPC_UNSPECIFIED) &&
                frame->color_range != AVCOL_RANGE_JPEG))
        return 0;
    av_log(ctx, AV_LOG_ERROR,
           "input: expected bt709 in limited range, as the new frames are, got %s in %s range; "
           "scale=out_color_matrix=bt709:out_range=tv,setparams=colorspace=bt709:range=tv in front converts it\n",
           space ? space : "an unknown matrix", frame->color_range == AVCOL_RANGE_JPEG ? "full" : "limited");
    return AVERROR(EINVAL);
}

/* Takes the frame over. Kept as one of the newest, and handed on as it is. */
static int pass(AVFilterContext *ctx, AVFrame *frame)
{
    AVFilterLink *outlink = ctx->outputs[0];
    const AVRational rate = zt_frame_rate(ctx->inputs[0]);
    I2v *s = ctx->priv;
    AVFrame *kept = NULL;
    int64_t begin;
    int ret = check_passing(ctx, frame);

    if (!ret && !(kept = av_frame_clone(frame)))
        ret = AVERROR(ENOMEM);
    if (ret < 0) {
        av_frame_free(&frame);
        return ret;
    }
    if (s->nb_held == s->most_held) {
        av_frame_free(&s->held[0]);
        memmove(s->held, s->held + 1, sizeof(*s->held) * (size_t)--s->nb_held);
    }
    s->held[s->nb_held++] = kept;
    if (frame->pts != AV_NOPTS_VALUE)
        s->next_pts = frame->pts;
    begin = s->next_pts;
    s->next_pts += av_rescale_q(1, av_inv_q(rate), outlink->time_base);
    if (ff_outlink_get_status(outlink)) /* the sound may still be wanted */
        av_frame_free(&frame);
    else if ((ret = ff_filter_frame(outlink, frame)) < 0)
        return ret;
    return ff_zt_output_silence(ctx, begin, s->next_pts);
}

/* Takes what the input has: 1 when a frame was handed on, 0 otherwise, or an error. */
static int take_input(AVFilterContext *ctx)
{
    AVFilterLink *inlink = ctx->inputs[0];
    I2v *s = ctx->priv;
    AVFrame *frame = NULL;
    int ret, status;
    int64_t pts;

    if (s->input_over)
        return 0;
    if ((ret = ff_inlink_consume_frame(inlink, &frame)) < 0)
        return ret;
    if (ret > 0 && role_of(s) == ZT_IMAGE_HISTORY)
        return (ret = pass(ctx, frame)) < 0 ? ret : 1;
    if (ret > 0) {
        s->held[s->nb_held++] = frame;
        s->input_over = 1;
        if (frame->pts != AV_NOPTS_VALUE)
            s->next_pts = av_rescale_q(frame->pts, inlink->time_base, ctx->outputs[0]->time_base);
        ff_inlink_set_status(inlink, AVERROR_EOF);
    } else if (ff_inlink_acknowledge_status(inlink, &status, &pts)) {
        if (status != AVERROR_EOF)
            return status;
        if (!s->nb_held) {
            av_log(ctx, AV_LOG_ERROR, "input: expected a picture, got none before its end\n");
            return AVERROR_INVALIDDATA;
        }
        s->input_over = 1;
    }
    return 0;
}

static int take_mask(AVFilterContext *ctx)
{
    I2v *s = ctx->priv;
    int ret, status;
    int64_t pts;

    if (!s->gen.opt.mask || s->mask)
        return 0;
    if ((ret = ff_inlink_consume_frame(ctx->inputs[1], &s->mask)) < 0)
        return ret;
    if (ret > 0) {
        ff_inlink_set_status(ctx->inputs[1], AVERROR_EOF);
    } else if (ff_inlink_acknowledge_status(ctx->inputs[1], &status, &pts)) {
        if (status != AVERROR_EOF)
            return status;
        av_log(ctx, AV_LOG_ERROR, "mask: expected a picture, got none before its end\n");
        return AVERROR_INVALIDDATA;
    }
    return 0;
}

static int do_next(AVFilterContext *ctx)
{
    AVFilterLink *outlink = ctx->outputs[0];
    I2v *s = ctx->priv;
    int ret;

    if (s->gen.session)
        return ff_zt_activate(ctx);
    if (ff_zt_is_over(ctx)) {
        for (unsigned i = 0; i < ctx->nb_inputs; i++)
            ff_inlink_set_status(ctx->inputs[i], ff_outlink_get_status(outlink));
        return 0;
    }
    if ((ret = take_mask(ctx)) < 0 || (ret = take_input(ctx)) < 0) {
        ff_outlink_set_status(outlink, ret, 0);
        return ret;
    }
    if (ret > 0)
        return 0;
    if (s->input_over && (!s->gen.opt.mask || s->mask))
        return (ret = start(ctx)) < 0 ? ret : ff_zt_activate(ctx);
    if (!ff_zt_is_wanted(ctx))
        return FFERROR_NOT_READY;
    if (!s->input_over)
        ff_inlink_request_frame(ctx->inputs[0]);
    if (s->gen.opt.mask && !s->mask)
        ff_inlink_request_frame(ctx->inputs[1]);
    return 0;
}

static int activate(AVFilterContext *ctx)
{
    return ff_zt_end_with(ctx, do_next(ctx));
}

static const AVFilterPad i2v_inputs[] = {
    { .name = "default", .type = AVMEDIA_TYPE_VIDEO },
};

static const AVFilterPad i2v_outputs[] = {
    { .name = "default", .type = AVMEDIA_TYPE_VIDEO, .config_props = config_output },
};

const ZT_FILTER ff_vf_i2v = {
    ZT_PUBLIC(name) = "i2v",
    ZT_PUBLIC(description) = "Make a picture move, or a clip go on, with Zoetrope.",
    ZT_PUBLIC(priv_class) = &i2v_class,
    ZT_PUBLIC(flags) = AVFILTER_FLAG_DYNAMIC_INPUTS | AVFILTER_FLAG_DYNAMIC_OUTPUTS,
    .priv_size = sizeof(I2v),
    .init = init,
    .uninit = uninit,
    .activate = activate,
    .process_command = ff_zt_process_command,
    FILTER_INPUTS(i2v_inputs),
    FILTER_OUTPUTS(i2v_outputs),
    ZT_QUERY_FUNC(query_formats),
};
