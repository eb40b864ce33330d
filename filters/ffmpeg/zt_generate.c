/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_generate.c - see zt_generate.h */
#define _GNU_SOURCE
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "libavutil/avstring.h"
#include "libavutil/buffer.h"
#include "libavutil/dict.h"
#include "libavutil/mathematics.h"
#include "libavutil/parseutils.h"
#include "libavutil/time.h"
#include "zt_generate.h"
#include "zt_sound.h"
#include "zt_stage.h"

#define SLICE_US       250000             /* longest single wait                          */
#define PROGRESS_US    2000000            /* longest silence                              */
#define EXACT_INTEGERS (INT64_C(1) << 53) /* FFmpeg reads integers as doubles     */

/* ---- Options ---- */

/* The table once more, for reading the values back as the text the engine takes. */
typedef struct Passed {
    const char *name, *text_default, *choices;
    zt_option_type type;
    unsigned flags;
    size_t offset;
    double number_default;
} Passed;

static const Passed passed[] = {
#define ZT_OPTION(name, type, text, number, min, max, choices, flags, help)                                            \
    { #name, text, choices, ZT_OPTION_##type, flags, OFFSET(name), number },
#include "api/options.def"
};

/* Word number `index` of a list with a blank between. */
static void choice_word(char *text, size_t size, const char *choices, int index)
{
    while (index-- > 0 && *choices)
        choices += strcspn(choices, " ") + (choices[strcspn(choices, " ")] == ' ');
    av_strlcpy(text, choices, FFMIN(size, strcspn(choices, " ") + 1));
}

/* FFmpeg has names for some rates ("ntsc"), the engine has none. */
static const char *rate_text(const char *value, char *text, size_t size)
{
    AVRational rate;

    if (!*value || strchr("+-.0123456789", *value) || av_parse_video_rate(&rate, value) < 0)
        return value;
    snprintf(text, size, "%d/%d", rate.num, rate.den);
    return text;
}

/* By hand, since %f writes the locale's decimal point. */
static void write_number(char *text, size_t size, double value)
{
    const int64_t whole = (int64_t)value;
    const int millionths = (int)lrint(fabs(value - (double)whole) * 1e6);

    if (millionths)
        snprintf(text, size, "%s%" PRId64 ".%06d", value < 0 ? "-" : "", FFABS(whole), millionths);
    else
        snprintf(text, size, "%" PRId64, whole);
}

/* Writes the value of an option that has none of FFmpeg's strings; 0 if it is the default. */
static int write_value(const Passed *option, const uint8_t *field, char *text, size_t size)
{
    switch (option->type) {
    case ZT_OPTION_BOOL:
    case ZT_OPTION_ENUM: {
        const int value = *(const int *)field;
        if (value == (int)option->number_default)
            return 0;
        if (option->type == ZT_OPTION_ENUM)
            choice_word(text, size, option->choices, value);
        else
            snprintf(text, size, "%d", value);
        return 1;
    }
    case ZT_OPTION_TIME: {
        const int64_t value = *(const int64_t *)field;
        if (value == (int64_t)option->number_default)
            return 0;
        if (value == -1000000)
            av_strlcpy(text, "-1", size);
        else
            snprintf(text, size, "%" PRId64 "us", value);
        return 1;
    }
    case ZT_OPTION_INT:
    case ZT_OPTION_DOUBLE: {
        const double value = *(const double *)field;
        if (value == option->number_default)
            return 0;
        if (option->type == ZT_OPTION_INT)
            write_number(text, size, value);
        else
            snprintf(text, size, "%" PRId64 "e-9", (int64_t)llrint(value * 1e9));
        return 1;
    }
    case ZT_OPTION_SIZE: {
        const int *wh = (const int *)field;
        if (!wh[0] && !wh[1])
            return 0;
        snprintf(text, size, "%dx%d", wh[0], wh[1]);
        return 1;
    }
    default: return 0;
    }
}

/* The option's value as text, without the locale's decimal sign; NULL if it has its default. */
static const char *option_text(const ZtGenerator *s, const Passed *option, char *text, size_t size)
{
    const uint8_t *field = (const uint8_t *)s + option->offset;
    const char *value;

    switch (option->type) {
    case ZT_OPTION_STRING:
    case ZT_OPTION_PATH:
    case ZT_OPTION_BYTES:
    case ZT_OPTION_DICT:
    case ZT_OPTION_RATE:
        value = *(char *const *)field;
        if (!value || !strcmp(value, option->text_default))
            return NULL;
        return option->type == ZT_OPTION_RATE ? rate_text(value, text, size) : value;
    default: return write_value(option, field, text, size) ? text : NULL;
    }
}

/* ---- Life cycle ---- */

int ff_zt_fail(AVFilterContext *ctx, zt_status status, const zt_error *error)
{
    av_log(ctx, AV_LOG_ERROR, "%s\n", error->message[0] ? error->message : "engine: expected a reason, got none");
    return ff_zt_error(status);
}

const int *ff_zt_output_formats(const ZtGenerator *s)
{
    return s->opt.cutout ? ff_zt_alpha_formats : ff_zt_pixel_formats;
}

int ff_zt_init(AVFilterContext *ctx)
{
    ZtGenerator *s = ctx->priv;

    if (s->opt.seed > EXACT_INTEGERS) {
        av_log(ctx, AV_LOG_ERROR, "seed: expected -1 to %" PRId64 " in a filter graph, got more\n", EXACT_INTEGERS);
        return AVERROR(EINVAL);
    }
    s->next_sample = AV_NOPTS_VALUE;
    return ff_zt_add_sound(ctx);
}

static int set_options(AVFilterContext *ctx, zt_model_params *params, zt_request *request)
{
    ZtGenerator *s = ctx->priv;
    zt_error error = ZT_ERROR_INIT;

    for (size_t i = 0; i < FF_ARRAY_ELEMS(passed); i++) {
        const char *value = option_text(s, &passed[i], s->text[i], sizeof(s->text[i]));
        zt_status status;
        if (!value || (passed[i].flags & ZT_OPTION_I2V && !s->takes_pictures))
            continue;
        status = s->engine->set_option(params, request, passed[i].name, value, &error);
        if (status < 0)
            return ff_zt_fail(ctx, status, &error);
    }
    return 0;
}

static void log_start(AVFilterContext *ctx)
{
    ZtGenerator *s = ctx->priv;
    const zt_model_info *model = s->engine->model_get_info(s->model);
    const zt_session_info *info = s->engine->session_get_info(s->session);
    char frames[32] = "endless";

    if (info->frames >= 0)
        snprintf(frames, sizeof(frames), "%" PRId64 " frames", info->frames);
    av_log(ctx, AV_LOG_INFO, "%s: %dx%d, %d/%d fps, %s, seed %" PRId64 ", %s %s\n", model->name, info->width,
           info->height, info->rate.num, info->rate.den, frames, info->seed, model->device, model->precision);
    av_log(ctx, AV_LOG_VERBOSE, "the host's BLAS: %s\n", zt_loader_isolation());
}

void ff_zt_close(AVFilterContext *ctx)
{
    ZtGenerator *s = ctx->priv;

    av_frame_free(&s->condition);
    if (!s->engine)
        return;
    s->engine->session_destroy(&s->session);
    s->engine->model_unref(&s->model);
}

static int read_options(AVFilterContext *ctx, zt_model_params *params, zt_request *request)
{
    ZtGenerator *s = ctx->priv;

    s->engine->model_params_init_sized(params, sizeof(*params));
    s->engine->request_init_sized(request, sizeof(*request));
    request->log = ff_zt_log;
    request->log_opaque = ctx;
    params->with_picture = s->takes_pictures;
    params->log = ff_zt_log;
    params->log_opaque = ctx;
    return set_options(ctx, params, request);
}

int ff_zt_read_options(AVFilterLink *outlink, zt_request *request)
{
    zt_model_params params;
    const int ret = read_options(outlink->src, &params, request);

    request->format = ff_zt_picture_format(outlink->format);
    return ret;
}

int ff_zt_open_model(AVFilterContext *ctx)
{
    ZtGenerator *s = ctx->priv;
    const char *reason = NULL;
    zt_error error = ZT_ERROR_INIT;
    zt_model_params params;
    zt_request request;
    zt_status status;
    int ret;

    if (s->model)
        return 0;
    s->begun_us = s->spoken_us = av_gettime_relative();
    s->engine = zt_loader_get(&reason);
    if (!s->engine) {
        av_log(ctx, AV_LOG_ERROR, "%s\n", reason);
        return AVERROR_EXTERNAL;
    }
    if ((ret = read_options(ctx, &params, &request)) < 0)
        return ret;
    status = s->engine->model_open(&params, &s->model, &error);
    return status < 0 ? ff_zt_fail(ctx, status, &error) : 0;
}

int ff_zt_open(AVFilterLink *outlink, zt_request *request)
{
    const int ret = ff_zt_open_model(outlink->src);

    return ret < 0 ? ret : ff_zt_read_options(outlink, request);
}

void ff_zt_config_link(AVFilterLink *outlink, const zt_session_info *info)
{
    outlink->w = info->width;
    outlink->h = info->height;
    outlink->sample_aspect_ratio = (AVRational){ 1, 1 };
    outlink->time_base = (AVRational){ info->rate.den, info->rate.num };
    zt_set_frame_rate(outlink, ((AVRational){ info->rate.num, info->rate.den }));
    if (ff_zt_alpha_behind(outlink))
        av_log(outlink->src, AV_LOG_WARNING, "output: expected a format without alpha, got %s: every frame is opaque\n",
               ff_zt_alpha_behind(outlink));
    if (ff_zt_alpha_lost(outlink))
        av_log(outlink->src, AV_LOG_WARNING,
               "output: expected a format with alpha with cutout=1, got %s: the alpha is lost\n",
               ff_zt_alpha_lost(outlink));
}

int ff_zt_start(AVFilterContext *ctx, const zt_request *request)
{
    ZtGenerator *s = ctx->priv;
    zt_error error = ZT_ERROR_INIT;
    zt_status status;

    s->engine->session_destroy(&s->session);
    status = s->engine->session_create(s->model, request, &s->session, &error);

    if (status < 0)
        return ff_zt_fail(ctx, status, &error);
    s->marks = (ZtMarks){ .sei = s->opt.sei, .prompt_text = s->opt.metadata_prompt };
    s->frames = 0;
    s->first_pts = 0;
    if (s->next_sample == AV_NOPTS_VALUE)
        s->next_sample = 0;
    s->ended = 0;
    log_start(ctx);
    s->spoken_us = av_gettime_relative();
    return 0;
}

/* ---- Frames ---- */

static void log_progress(AVFilterContext *ctx)
{
    ZtGenerator *s = ctx->priv;
    zt_progress p = { .struct_size = sizeof(p) };
    const int64_t now = av_gettime_relative();
    char left[48] = "", stage[ZT_STAGE_TEXT];

    if (now - s->spoken_us < PROGRESS_US || s->engine->session_get_progress(s->session, &p) < 0)
        return;
    s->spoken_us = now;
    if (p.seconds_left >= 0)
        snprintf(left, sizeof(left), ", %" PRId64 " s left", (int64_t)p.seconds_left + 1);
    av_log(ctx, AV_LOG_INFO, "%s, %" PRId64 " frames done%s\n", zt_stage_text(&p, stage, sizeof(stage)), p.frames_done,
           left);
}

static void log_end(AVFilterContext *ctx)
{
    ZtGenerator *s = ctx->priv;
    const int64_t ms = FFMAX((av_gettime_relative() - s->begun_us) / 1000, 1);
    const int64_t tenths = s->frames * 10000 / ms;

    av_log(ctx, AV_LOG_INFO, "%" PRId64 " frames in %" PRId64 ".%03d s, %" PRId64 ".%d fps\n", s->frames, ms / 1000,
           (int)(ms % 1000), tenths / 10, (int)(tenths % 10));
}

/* A picture that was marked as generated keeps saying so: its metadata and user data go on with the first
 * frame, before our own are added. */
static int carry_marks(ZtGenerator *s, AVFrame *frame)
{
    int ret = 0;

    if (!s->condition)
        return 0;
    for (int i = 0; i < s->condition->nb_side_data && ret >= 0; i++) {
        const AVFrameSideData *side = s->condition->side_data[i];
        AVBufferRef *data;
        if (side->type != AV_FRAME_DATA_SEI_UNREGISTERED)
            continue;
        data = av_buffer_ref(side->buf);
        if (!data || !av_frame_new_side_data_from_buf(frame, side->type, data)) {
            av_buffer_unref(&data);
            ret = AVERROR(ENOMEM);
        }
    }
    if (ret >= 0)
        ret = av_dict_copy(&frame->metadata, s->condition->metadata, 0);
    av_frame_free(&s->condition);
    return FFMIN(ret, 0);
}

/* The picture of a frame, unless downstream has enough of them. Takes the reference over. */
static int output_picture(AVFilterContext *ctx, zt_frame *source, const zt_frame_info *info)
{
    AVFilterLink *outlink = ctx->outputs[0];
    ZtGenerator *s = ctx->priv;
    AVFrame *frame;
    int ret;

    if (ff_outlink_get_status(outlink)) {
        s->engine->frame_unref(&source);
        return 0;
    }
    ret = ff_zt_wrap_frame(outlink, s->engine, source, &frame);
    if (!ret)
        ret = carry_marks(s, frame);
    if (!ret)
        ret = ff_zt_mark_frame(ctx, s->engine, s->engine->model_get_info(s->model), info, &s->marks, frame);
    if (ret < 0) {
        av_frame_free(&frame);
        return ret;
    }
    frame->pts += s->first_pts;
    return ff_filter_frame(outlink, frame);
}

/* Where frame 0 lies, in samples. */
static int64_t first_sample(AVFilterContext *ctx)
{
    const ZtGenerator *s = ctx->priv;
    const AVFilterLink *sound = ff_zt_sound_link(ctx);

    return sound ? av_rescale_q(s->first_pts, ctx->outputs[0]->time_base, sound->time_base) : 0;
}

static int output_frame(AVFilterContext *ctx, zt_frame *source)
{
    ZtGenerator *s = ctx->priv;
    const zt_frame_info info = *s->engine->frame_get_info(source);
    zt_frame *kept = s->engine->frame_ref(source); /* info's strings and samples live as long as it */
    int ret = output_picture(ctx, source, &info);

    s->frames = info.pts + 1;
    if (!ret)
        ret = ff_zt_output_sound(ctx, &info, first_sample(ctx));
    s->engine->frame_unref(&kept);
    return ret;
}

int ff_zt_is_wanted(AVFilterContext *ctx)
{
    int wanted = 0;

    for (unsigned i = 0; i < ctx->nb_outputs; i++)
        wanted |= !ff_outlink_get_status(ctx->outputs[i]) && ff_outlink_frame_wanted(ctx->outputs[i]);
    return wanted;
}

int ff_zt_is_over(AVFilterContext *ctx)
{
    int over = 1;

    for (unsigned i = 0; i < ctx->nb_outputs; i++)
        over &= !!ff_outlink_get_status(ctx->outputs[i]);
    return over;
}

int ff_zt_end_with(AVFilterContext *ctx, int ret)
{
    const int failed = ret < 0 && ret != FFERROR_NOT_READY && ret != AVERROR_EOF && ret != AVERROR(EAGAIN);

    for (unsigned i = 0; failed && i < ctx->nb_outputs; i++)
        if (!ff_outlink_get_status(ctx->outputs[i]))
            ff_outlink_set_status(ctx->outputs[i], ret, AV_NOPTS_VALUE);
    if (ZT_STATUS_IS_LOST && failed && !strcmp(program_invocation_short_name, "ffmpeg"))
        av_log(ctx, AV_LOG_ERROR,
               "ffmpeg ends with status 0 after this, except with -xerror and the filter inside "
               "an input (-f lavfi -i)\n");
    return ret;
}

/* All frames are out: each output that is still open ends with the last of them. */
static void end_outputs(AVFilterContext *ctx)
{
    AVFilterLink *outlink = ctx->outputs[0], *sound = ff_zt_sound_link(ctx);
    ZtGenerator *s = ctx->priv;
    const zt_rational rate = s->engine->session_get_info(s->session)->rate;

    if (!s->ended)
        log_end(ctx);
    s->ended = 1;
    if (!ff_outlink_get_status(outlink))
        ff_outlink_set_status(outlink, AVERROR_EOF, s->first_pts + ff_zt_ticks(outlink, rate, s->frames));
    if (sound && !ff_outlink_get_status(sound))
        ff_outlink_set_status(sound, AVERROR_EOF, s->next_sample);
}

int ff_zt_activate(AVFilterContext *ctx)
{
    ZtGenerator *s = ctx->priv;
    const int64_t asked_us = av_gettime_relative();

    if (ff_zt_is_over(ctx)) { /* downstream has enough */
        s->engine->session_cancel(s->session);
        return 0;
    }
    if (!ff_zt_is_wanted(ctx))
        return FFERROR_NOT_READY;
    for (;;) {
        const int64_t waited_us = av_gettime_relative() - asked_us;
        int64_t slice_us = SLICE_US;
        zt_error error = ZT_ERROR_INIT;
        zt_frame *frame = NULL;
        zt_status status;

        if (s->opt.timeout > 0)
            slice_us = FFMIN(slice_us, FFMAX(s->opt.timeout - waited_us, 0));
        status = s->engine->session_read(s->session, slice_us, &frame, &error);
        log_progress(ctx);
        if (status == ZT_OK)
            return output_frame(ctx, frame);
        if (status == ZT_END) {
            end_outputs(ctx);
            return 0;
        }
        if (status < 0)
            return ff_zt_fail(ctx, status, &error);
        if (s->opt.timeout > 0 && av_gettime_relative() - asked_us >= s->opt.timeout) {
            av_log(ctx, AV_LOG_ERROR, "timeout: expected a frame within %" PRId64 " ms, got none\n",
                   s->opt.timeout / 1000);
            s->engine->session_cancel(s->session);
            return ff_zt_error(ZT_AGAIN);
        }
    }
}
