/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vsrc_t2v.c - t2vsrc, a video source that makes its frames from a sentence
 *
 * Life of the filter, and what each call may cost:
 *   init            checks which options are given; ffmpeg makes and frees a filter once only to count its
 *                   pads, so nothing starts here
 *   config_output   maps the engine, opens the model, starts the session: all sources of a graph are at
 *                   work before the first one is waited for
 *   activate        hands out one frame; waits in slices, with a sign of life every two seconds. It never
 *                   answers EAGAIN, which FFmpeg 7 and later take for an end or a bug
 *   uninit          cancels and joins
 * The options are those of api/options.def; the engine reads their values, so its messages are the same
 * in every front end. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "libavutil/avstring.h"
#include "libavutil/mathematics.h"
#include "libavutil/opt.h"
#include "libavutil/parseutils.h"
#include "libavutil/time.h"
#include "zt_compat.h"
#include "zt_frame.h"
#include "zt_loader.h"

#define SLICE_US        250000      /* longest single wait                          */
#define PROGRESS_US    2000000      /* longest silence                              */
#define EXACT_INTEGERS (INT64_C(1) << 53)   /* FFmpeg reads integers as doubles     */

/* The types of options.def: how the filter stores each, and what FFmpeg calls it. */
#define FIELD_STRING(name) char *name;
#define FIELD_PATH(name)   char *name;
#define FIELD_RATE(name)   char *name;
#define FIELD_BYTES(name)  char *name;
#define FIELD_DICT(name)   char *name;
#define FIELD_BOOL(name)   int name;
#define FIELD_ENUM(name)   int name;
#define FIELD_INT(name)    int64_t name;
#define FIELD_TIME(name)   int64_t name;
#define FIELD_DOUBLE(name) double name;
#define FIELD_SIZE(name)   int name[2];

typedef struct T2vOptions {
#define ZT_OPTION(name, type, text, number, min, max, choices, flags, help) FIELD_##type(name)
#define ZT_I2V_OPTION(name, type, text, number, min, max, choices, flags, help)
#define ZT_I2V_CHOICE(name, word, value, help)
#include "api/options.def"
} T2vOptions;

enum {
    OPTION_COUNT = 0
#define ZT_OPTION(name, type, text, number, min, max, choices, flags, help) + 1
#define ZT_I2V_OPTION(name, type, text, number, min, max, choices, flags, help)
#define ZT_I2V_CHOICE(name, word, value, help)
#include "api/options.def"
};

typedef struct T2vContext {
    const AVClass *class;
    T2vOptions opt;

    const ZtEngine *engine;         /* NULL until config_output                     */
    zt_model *model;
    zt_session *session;
    char text[OPTION_COUNT][48];    /* numbers on their way to the engine           */

    ZtMarks marks;
    int64_t next_pts;
    int64_t begun_us;               /* when the session started                     */
    int64_t spoken_us;              /* when the user last heard of it               */
    int ended;
} T2vContext;

/* ---- Options --------------------------------------------------------------------------------------- */

#define OFFSET(name) offsetof(T2vContext, opt.name)
#define FLAGS        (AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_FILTERING_PARAM)
#define RUNTIME(f)   ((f) & ZT_OPTION_RUNTIME ? FLAGS | AV_OPT_FLAG_RUNTIME_PARAM : FLAGS)

/* "" in the table is "not given"; FFmpeg's word for that is NULL. */
#define TEXT_DEFAULT(text) { .str = sizeof(text) > 1 ? (text) : NULL }
#define AV_TEXT(name, text, flags, help) \
    { #name, help, OFFSET(name), AV_OPT_TYPE_STRING, TEXT_DEFAULT(text), 0, 0, RUNTIME(flags) },
#define AV_NUMBER(name, type, member, number, min, max, flags, help) \
    { #name, help, OFFSET(name), AV_OPT_TYPE_##type, { .member = (number) }, min, max, RUNTIME(flags) },
#define AV_STRING(n, text, number, min, max, flags, help) AV_TEXT(n, text, flags, help)
#define AV_PATH(n, text, number, min, max, flags, help)   AV_TEXT(n, text, flags, help)
#define AV_RATE(n, text, number, min, max, flags, help)   AV_TEXT(n, text, flags, help)
#define AV_BYTES(n, text, number, min, max, flags, help)  AV_TEXT(n, text, flags, help)
#define AV_DICT(n, text, number, min, max, flags, help)   AV_TEXT(n, text, flags, help)
#define AV_SIZE(n, text, number, min, max, flags, help) \
    { #n, help, OFFSET(n), AV_OPT_TYPE_IMAGE_SIZE, { .str = NULL }, 0, 0, RUNTIME(flags) },
#define AV_BOOL(n, text, number, min, max, flags, help) \
    AV_NUMBER(n, BOOL, i64, number, min, max, flags, help)
#define AV_INT(n, text, number, min, max, flags, help) \
    AV_NUMBER(n, INT64, i64, number, min, (double)(max), flags, help)
#define AV_DOUBLE(n, text, number, min, max, flags, help) \
    AV_NUMBER(n, DOUBLE, dbl, number, min, max, flags, help)
#define AV_TIME(n, text, number, min, max, flags, help) \
    AV_NUMBER(n, DURATION, i64, INT64_C(1000000) * (number), 1e6 * (min), 1e6 * (max), flags, help)
#define AV_ENUM(n, text, number, min, max, flags, help) \
    { #n, help, OFFSET(n), AV_OPT_TYPE_INT, { .i64 = (number) }, min, max, RUNTIME(flags), .unit = #n },

static const AVOption t2vsrc_options[] = {
#define ZT_OPTION(name, type, text, number, min, max, choices, flags, help) \
    AV_##type(name, text, number, min, max, flags, help)
#define ZT_CHOICE(name, word, value, help) \
    { #word, help, 0, AV_OPT_TYPE_CONST, { .i64 = (value) }, 0, 0, FLAGS, .unit = #name },
#define ZT_I2V_OPTION(name, type, text, number, min, max, choices, flags, help)
#define ZT_I2V_CHOICE(name, word, value, help)
#include "api/options.def"
    { "s", "same as size", OFFSET(size), AV_OPT_TYPE_IMAGE_SIZE, { .str = NULL }, 0, 0, FLAGS },
    { "r", "same as rate", OFFSET(rate), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, FLAGS },
    { "d", "same as duration", OFFSET(duration), AV_OPT_TYPE_DURATION, { .i64 = 0 }, -1e6, 86400e6, FLAGS },
    { NULL }
};

AVFILTER_DEFINE_CLASS(t2vsrc);

/* The same table once more, for reading the values back as the text the engine takes. */
typedef struct Passed {
    const char *name, *text_default, *choices;
    zt_option_type type;
    size_t offset;
    double number_default;
} Passed;

static const Passed passed[] = {
#define ZT_OPTION(name, type, text, number, min, max, choices, flags, help) \
    { #name, text, choices, ZT_OPTION_##type, OFFSET(name), number },
#define ZT_I2V_OPTION(name, type, text, number, min, max, choices, flags, help)
#define ZT_I2V_CHOICE(name, word, value, help)
#include "api/options.def"
};

/* Word number `index` of a list with a blank between. */
static void choice_word(char *text, size_t size, const char *choices, int index)
{
    while (index-- > 0 && *choices)
        choices += strcspn(choices, " ") + (choices[strcspn(choices, " ")] == ' ');
    av_strlcpy(text, choices, FFMIN(size, strcspn(choices, " ") + 1));
}

/* The option's value as text, without the locale's decimal sign; NULL if it has its default. */
static const char *option_text(const T2vContext *s, const Passed *option, char *text, size_t size)
{
    const uint8_t *field = (const uint8_t *)s + option->offset;
    AVRational rate;
    const int *wh;

    switch (option->type) {
    case ZT_OPTION_STRING:
    case ZT_OPTION_PATH:
    case ZT_OPTION_BYTES:
    case ZT_OPTION_DICT:
    case ZT_OPTION_RATE: {
        const char *value = *(char *const *)field;
        if (!value || !strcmp(value, option->text_default))
            return NULL;
        /* FFmpeg has names for some rates ("ntsc"), the engine has none. */
        if (option->type != ZT_OPTION_RATE || !*value || strchr("+-.0123456789", *value) ||
            av_parse_video_rate(&rate, value) < 0)
            return value;
        snprintf(text, size, "%d/%d", rate.num, rate.den);
        return text;
    }
    case ZT_OPTION_BOOL:
    case ZT_OPTION_ENUM: {
        const int value = *(const int *)field;
        if (value == (int)option->number_default)
            return NULL;
        if (option->type == ZT_OPTION_ENUM)
            choice_word(text, size, option->choices, value);
        else
            snprintf(text, size, "%d", value);
        return text;
    }
    case ZT_OPTION_INT:
    case ZT_OPTION_TIME: {
        const int64_t value = *(const int64_t *)field;
        if (value == (int64_t)option->number_default)
            return NULL;
        if (option->type == ZT_OPTION_TIME && value == -1000000)
            return "-1";
        snprintf(text, size, option->type == ZT_OPTION_TIME ? "%" PRId64 "us" : "%" PRId64, value);
        return text;
    }
    case ZT_OPTION_DOUBLE: {
        const double value = *(const double *)field;
        if (value == option->number_default)
            return NULL;
        snprintf(text, size, "%" PRId64 "e-9", (int64_t)llrint(value * 1e9));
        return text;
    }
    case ZT_OPTION_SIZE:
        wh = (const int *)field;
        if (!wh[0] && !wh[1])
            return NULL;
        snprintf(text, size, "%dx%d", wh[0], wh[1]);
        return text;
    }
    return NULL;
}

/* ---- Life cycle ------------------------------------------------------------------------------------ */

static int fail(AVFilterContext *ctx, zt_status status, const zt_error *error)
{
    av_log(ctx, AV_LOG_ERROR, "%s\n", error->message[0] ? error->message : "engine: expected a reason, got none");
    return ff_zt_error(status);
}

static av_cold int init(AVFilterContext *ctx)
{
    T2vContext *s = ctx->priv;
    const struct { const char *name, *value; } sources[] = {
        { "prompt", s->opt.prompt }, { "prompt_file", s->opt.prompt_file },
        { "storyboard", s->opt.storyboard },
    };
    char given[64] = "";

    for (size_t i = 0; i < FF_ARRAY_ELEMS(sources); i++)
        if (sources[i].value)
            av_strlcatf(given, sizeof(given), "%s%s", given[0] ? " and " : "", sources[i].name);
    if (!given[0] || strstr(given, " and ")) {
        av_log(ctx, AV_LOG_ERROR, "prompt: expected one of prompt, prompt_file, storyboard, got %s\n",
               given[0] ? given : "none");
        return AVERROR(EINVAL);
    }
    if (s->opt.frames && s->opt.duration) {
        av_log(ctx, AV_LOG_ERROR, "duration: expected frames or duration, got both\n");
        return AVERROR(EINVAL);
    }
    if (s->opt.seed > EXACT_INTEGERS) {
        av_log(ctx, AV_LOG_ERROR, "seed: expected -1 to %" PRId64 " in a filter graph, got more\n", EXACT_INTEGERS);
        return AVERROR(EINVAL);
    }
    if (s->opt.prompt_file && access(s->opt.prompt_file, R_OK)) {
        const int ret = AVERROR(errno);
        av_log(ctx, AV_LOG_ERROR, "prompt_file: expected a readable file, got \"%s\": %s\n",
               s->opt.prompt_file, av_err2str(ret));
        return ret;
    }
    return 0;
}

static void close_session(T2vContext *s)
{
    if (!s->engine)
        return;
    s->engine->session_destroy(&s->session);
    s->engine->model_unref(&s->model);
}

static av_cold void uninit(AVFilterContext *ctx)
{
    close_session(ctx->priv);
}

static int query_formats(ZT_QUERY_ARGS)
{
    return zt_query_formats(ZT_QUERY_PASS, ff_zt_pixel_formats);
}

static int set_options(AVFilterContext *ctx, zt_model_params *params, zt_request *request)
{
    T2vContext *s = ctx->priv;
    zt_error error = ZT_ERROR_INIT;

    for (size_t i = 0; i < FF_ARRAY_ELEMS(passed); i++) {
        const char *value = option_text(s, &passed[i], s->text[i], sizeof(s->text[i]));
        zt_status status;
        if (!value)
            continue;
        status = s->engine->set_option(params, request, passed[i].name, value, &error);
        if (status < 0)
            return fail(ctx, status, &error);
    }
    return 0;
}

static void log_start(AVFilterContext *ctx)
{
    T2vContext *s = ctx->priv;
    const zt_model_info *model = s->engine->model_get_info(s->model);
    const zt_session_info *info = s->engine->session_get_info(s->session);
    char frames[32] = "endless";

    if (info->frames >= 0)
        snprintf(frames, sizeof(frames), "%" PRId64 " frames", info->frames);
    av_log(ctx, AV_LOG_INFO, "%s: %dx%d, %d/%d fps, %s, seed %" PRId64 ", %s %s\n", model->name,
           info->width, info->height, info->rate.num, info->rate.den, frames, info->seed, model->device,
           model->precision);
    av_log(ctx, AV_LOG_VERBOSE, "the host's BLAS: %s\n", zt_loader_isolation());
}

static int config_output(AVFilterLink *outlink)
{
    AVFilterContext *ctx = outlink->src;
    T2vContext *s = ctx->priv;
    const char *reason = NULL;
    zt_error error = ZT_ERROR_INIT;
    zt_model_params params;
    zt_request request;
    const zt_session_info *info;
    zt_status status;
    int ret;

    close_session(s);
    s->begun_us = av_gettime_relative();
    s->engine = zt_loader_get(&reason);
    if (!s->engine) {
        av_log(ctx, AV_LOG_ERROR, "%s\n", reason);
        return AVERROR_EXTERNAL;
    }
    s->engine->model_params_init(&params);
    s->engine->request_init(&request);
    if ((ret = set_options(ctx, &params, &request)) < 0)
        return ret;
    request.format     = ff_zt_pixel_format(outlink->format);
    request.log        = ff_zt_log;
    request.log_opaque = ctx;
    params.log         = ff_zt_log;
    params.log_opaque  = ctx;
    status = s->engine->model_open(&params, &s->model, &error);
    if (status >= 0)
        status = s->engine->session_create(s->model, &request, &s->session, &error);
    if (status < 0)
        return fail(ctx, status, &error);

    info = s->engine->session_get_info(s->session);
    outlink->w                   = info->width;
    outlink->h                   = info->height;
    outlink->sample_aspect_ratio = (AVRational){ 1, 1 };
    outlink->time_base           = (AVRational){ info->rate.den, info->rate.num };
    zt_set_frame_rate(outlink, ((AVRational){ info->rate.num, info->rate.den }));
    s->marks    = (ZtMarks){ .sei = s->opt.sei, .prompt_text = s->opt.metadata_prompt };
    s->next_pts = 0;
    s->ended    = 0;
    log_start(ctx);
    s->spoken_us = av_gettime_relative();
    return 0;
}

/* ---- Frames ---------------------------------------------------------------------------------------- */

static void log_progress(AVFilterContext *ctx)
{
    T2vContext *s = ctx->priv;
    zt_progress p = { .struct_size = sizeof(p) };
    const int64_t now = av_gettime_relative();
    char left[48] = "";

    if (now - s->spoken_us < PROGRESS_US || s->engine->session_get_progress(s->session, &p) < 0)
        return;
    s->spoken_us = now;
    if (p.seconds_left >= 0)
        snprintf(left, sizeof(left), ", %" PRId64 " s left", (int64_t)p.seconds_left + 1);
    if (p.steps > 0)
        av_log(ctx, AV_LOG_INFO, "step %d/%d, %" PRId64 " frames done%s\n", p.step, p.steps,
               p.frames_done, left);
    else
        av_log(ctx, AV_LOG_INFO, "%s, %" PRId64 " frames done%s\n", p.stage ? p.stage : "at work",
               p.frames_done, left);
}

static void log_end(AVFilterContext *ctx)
{
    T2vContext *s = ctx->priv;
    const int64_t ms = FFMAX((av_gettime_relative() - s->begun_us) / 1000, 1);
    const int64_t tenths = s->next_pts * 10000 / ms;

    av_log(ctx, AV_LOG_INFO, "%" PRId64 " frames in %" PRId64 ".%03d s, %" PRId64 ".%d fps\n",
           s->next_pts, ms / 1000, (int)(ms % 1000), tenths / 10, (int)(tenths % 10));
}

static int output_frame(AVFilterLink *outlink, zt_frame *source)
{
    AVFilterContext *ctx = outlink->src;
    T2vContext *s = ctx->priv;
    const zt_frame_info info = *s->engine->frame_get_info(source);
    zt_frame *kept = s->engine->frame_ref(source);      /* info's strings live as long as it */
    AVFrame *frame;
    int ret = ff_zt_wrap_frame(outlink, s->engine, source, &frame);

    if (!ret)
        ret = ff_zt_mark_frame(ctx, s->engine, s->engine->model_get_info(s->model), &info, &s->marks, frame);
    s->engine->frame_unref(&kept);
    if (ret < 0) {
        av_frame_free(&frame);
        return ret;
    }
    s->next_pts = info.pts + 1;
    return ff_filter_frame(outlink, frame);
}

static int activate(AVFilterContext *ctx)
{
    AVFilterLink *outlink = ctx->outputs[0];
    T2vContext *s = ctx->priv;
    const int64_t asked_us = av_gettime_relative();

    if (ff_outlink_get_status(outlink)) {       /* downstream has enough */
        s->engine->session_cancel(s->session);
        return 0;
    }
    if (!ff_outlink_frame_wanted(outlink))
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
            return output_frame(outlink, frame);
        if (status == ZT_END) {
            if (!s->ended)
                log_end(ctx);
            s->ended = 1;
            ff_outlink_set_status(outlink, AVERROR_EOF, s->next_pts);
            return 0;
        }
        if (status < 0)
            return fail(ctx, status, &error);
        if (s->opt.timeout > 0 && av_gettime_relative() - asked_us >= s->opt.timeout) {
            av_log(ctx, AV_LOG_ERROR, "timeout: expected a frame within %" PRId64 " ms, got none\n",
                   s->opt.timeout / 1000);
            s->engine->session_cancel(s->session);
            return ff_zt_error(ZT_AGAIN);
        }
    }
}

/* The engine decides first; a value it refuses leaves the old one in force, here too. */
static int process_command(AVFilterContext *ctx, const char *cmd, const char *arg, char *res, int res_len,
                           int flags)
{
    T2vContext *s = ctx->priv;
    const AVOption *option = av_opt_find(s, cmd, NULL, FLAGS | AV_OPT_FLAG_RUNTIME_PARAM, 0);
    zt_error error = ZT_ERROR_INIT;
    int64_t first_frame = 0;
    zt_status status;

    if (!option || !s->session)
        return AVERROR(ENOSYS);
    if (!strcmp(cmd, "prompt"))
        status = s->engine->session_set_prompt(s->session, arg, &first_frame, &error);
    else
        status = s->engine->session_set_option(s->session, cmd, arg, &first_frame, &error);
    if (status < 0) {
        fail(ctx, status, &error);
        return AVERROR(EINVAL);
    }
    if (status == ZT_END)
        av_log(ctx, AV_LOG_WARNING, "%s: the last chunk has begun, the new value changes nothing\n", cmd);
    else
        av_log(ctx, AV_LOG_INFO, "%s: new value from frame %" PRId64 " on\n", cmd, first_frame);
    if (res && res_len > 0)
        snprintf(res, (size_t)res_len, "frame=%" PRId64, first_frame);
    return ff_filter_process_command(ctx, cmd, arg, NULL, 0, flags);
}

static const AVFilterPad t2vsrc_outputs[] = {
    { .name = "default", .type = AVMEDIA_TYPE_VIDEO, .config_props = config_output },
};

const ZT_FILTER ff_vsrc_t2vsrc = {
    ZT_PUBLIC(name)        = "t2vsrc",
    ZT_PUBLIC(description) = "Generate video from text with Zoetrope.",
    ZT_PUBLIC(priv_class)  = &t2vsrc_class,
    .priv_size             = sizeof(T2vContext),
    .init                  = init,
    .uninit                = uninit,
    .activate              = activate,
    .process_command       = process_command,
    FILTER_OUTPUTS(t2vsrc_outputs),
    ZT_QUERY_FUNC(query_formats),
};
