/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_generate.h - what the filters t2vsrc and i2v share: AVOptions, the session, output of its frames
 *
 * A filter's private struct begins with a ZtGenerator and its options lie there. The options are those
 * of api/options.def; the engine reads their values, so its messages are the same in every front end. */
#ifndef ZT_GENERATE_H
#define ZT_GENERATE_H

#include "libavutil/opt.h"
#include "zt_compat.h"
#include "zt_frame.h"
#include "zt_loader.h"

/* The types of options.def: how the filter stores each, and what FFmpeg calls it. */
#define FIELD_STRING(name) char *name;
#define FIELD_PATH(name)   char *name;
#define FIELD_RATE(name)   char *name;
#define FIELD_BYTES(name)  char *name;
#define FIELD_DICT(name)   char *name;
#define FIELD_BOOL(name)   int name;
#define FIELD_ENUM(name)   int name;
#define FIELD_INT(name)    double name; /* FFmpeg would round 2.5 to 2 without a word; the engine refuses it */
#define FIELD_TIME(name)   int64_t name;
#define FIELD_DOUBLE(name) double name;
#define FIELD_SIZE(name)   int name[2];

typedef struct ZtOptions {
#define ZT_OPTION(name, type, text, number, min, max, choices, flags, help) FIELD_##type(name)
#include "api/options.def"
} ZtOptions;

enum {
    ZT_OPTION_COUNT = 0
#define ZT_OPTION(name, type, text, number, min, max, choices, flags, help) +1
#include "api/options.def"
};

typedef struct ZtGenerator {
    const AVClass *class;
    ZtOptions opt;
    int takes_pictures; /* the options marked I2V count                 */

    const ZtEngine *engine; /* NULL until ff_zt_open                        */
    zt_model *model;
    zt_session *session;            /* NULL until ff_zt_start                       */
    char text[ZT_OPTION_COUNT][48]; /* numbers on their way to the engine           */

    ZtMarks marks;
    AVFrame *condition;  /* whose own marks the first frame carries on; may be NULL */
    int64_t first_pts;   /* of frame 0                                   */
    int64_t next_sample; /* of the sound: behind what was handed out     */
    int64_t frames;      /* handed out                                   */
    int64_t begun_us;    /* when the session started                     */
    int64_t spoken_us;   /* when the user last heard of it               */
    int ended;
} ZtGenerator;

/* ---- The options as AVOptions ---- */

#define OFFSET(name) offsetof(ZtGenerator, opt.name)
#define FLAGS        (AV_OPT_FLAG_VIDEO_PARAM | AV_OPT_FLAG_FILTERING_PARAM)
#define RUNTIME(f)   ((f)&ZT_OPTION_RUNTIME ? FLAGS | AV_OPT_FLAG_RUNTIME_PARAM : FLAGS)

/* "" in the table is "not given"; FFmpeg's word for that is NULL. */
#define TEXT_DEFAULT(text)                                                                                             \
    {                                                                                                                  \
        .str = sizeof(text) > 1 ? (text) : NULL                                                                        \
    }
#define AV_TEXT(name, text, flags, help)                                                                               \
    { #name, help, OFFSET(name), AV_OPT_TYPE_STRING, TEXT_DEFAULT(text), 0, 0, RUNTIME(flags) },
#define AV_NUMBER(name, type, member, number, min, max, flags, help)                                                   \
    { #name, help, OFFSET(name), AV_OPT_TYPE_##type, { .member = (number) }, min, max, RUNTIME(flags) },
#define AV_STRING(n, text, number, min, max, flags, help) AV_TEXT(n, text, flags, help)
#define AV_PATH(n, text, number, min, max, flags, help)   AV_TEXT(n, text, flags, help)
#define AV_RATE(n, text, number, min, max, flags, help)   AV_TEXT(n, text, flags, help)
#define AV_BYTES(n, text, number, min, max, flags, help)  AV_TEXT(n, text, flags, help)
#define AV_DICT(n, text, number, min, max, flags, help)   AV_TEXT(n, text, flags, help)
#define AV_SIZE(n, text, number, min, max, flags, help)                                                                \
    { #n, help, OFFSET(n), AV_OPT_TYPE_IMAGE_SIZE, { .str = NULL }, 0, 0, RUNTIME(flags) },
#define AV_BOOL(n, text, number, min, max, flags, help) AV_NUMBER(n, BOOL, i64, number, min, max, flags, help)
#define AV_INT(n, text, number, min, max, flags, help)                                                                 \
    AV_NUMBER(n, DOUBLE, dbl, number, min, (double)(max), flags, help)
#define AV_DOUBLE(n, text, number, min, max, flags, help) AV_NUMBER(n, DOUBLE, dbl, number, min, max, flags, help)
#define AV_TIME(n, text, number, min, max, flags, help)                                                                \
    AV_NUMBER(n, DURATION, i64, INT64_C(1000000) * (number), 1e6 * (min), 1e6 * (max), flags, help)
#define AV_ENUM(n, text, number, min, max, flags, help)                                                                \
    { #n, help, OFFSET(n), AV_OPT_TYPE_INT, { .i64 = (number) }, min, max, RUNTIME(flags), .unit = #n },

/* One entry of options.def as one AVOption, and one word of an enum. */
#define ZT_AV_OPTION(name, type, text, number, min, max, choices, flags, help)                                         \
    AV_##type(name, text, number, min, max, flags, help)
#define ZT_AV_CHOICE(name, word, value, help)                                                                          \
    { #word, help, 0, AV_OPT_TYPE_CONST, { .i64 = (value) }, 0, 0, FLAGS, .unit = #name },
#define ZT_AV_ALIASES                                                                                                  \
    { "s", "same as size", OFFSET(size), AV_OPT_TYPE_IMAGE_SIZE, { .str = NULL }, 0, 0, FLAGS },                       \
        { "r", "same as rate", OFFSET(rate), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, FLAGS },                       \
        { "d", "same as duration", OFFSET(duration), AV_OPT_TYPE_DURATION, { .i64 = 0 }, -1e6, 86400e6, FLAGS },

/* ---- Life cycle. All return a negative AVERROR after a line in the log ---- */

/* Refuses what FFmpeg itself cannot hand on; nothing slow. What options may be, and which go together, the engine
 * says while the graph is configured. */
int ff_zt_init(AVFilterContext *ctx);
/* Pixel formats of the output, best first, -1 last. */
const int *ff_zt_output_formats(const ZtGenerator *s);
/* Maps the engine and opens the model, unless that is done. */
int ff_zt_open_model(AVFilterContext *ctx);
/* The same, and reads the options into a request for frames of outlink's format. */
int ff_zt_open(AVFilterLink *outlink, zt_request *request);
/* The same request once more, with what commands have changed since. */
int ff_zt_read_options(AVFilterLink *outlink, zt_request *request);
/* Size, rate and time base as they will be. */
void ff_zt_config_link(AVFilterLink *outlink, const zt_session_info *info);
/* Begins the generation; returns at once. */
int ff_zt_start(AVFilterContext *ctx, const zt_request *request);
/* Cancels, joins and frees; also after a failed or no start. */
void ff_zt_close(AVFilterContext *ctx);
/* Logs the engine's sentence; the AVERROR it becomes. */
int ff_zt_fail(AVFilterContext *ctx, zt_status status, const zt_error *error);

/* Whether any of the outputs wants a frame, and whether all of them have had enough. */
int ff_zt_is_wanted(AVFilterContext *ctx);
int ff_zt_is_over(AVFilterContext *ctx);
/* The part of activate behind ff_zt_start: one frame, with its sound, or the end. Waits in slices with a sign of life
 * every two seconds, and never answers EAGAIN, which FFmpeg 7 and later take for an end or a bug. */
int ff_zt_activate(AVFilterContext *ctx);
/* The last line of an activate: returns what it is given. An error also becomes the state of the output, since
 * a host that reads once more would else wait for ever; and where the program ffmpeg will not show it in its
 * exit status, the log says so. */
int ff_zt_end_with(AVFilterContext *ctx, int ret);
/* A process_command (zt_command.c). The engine decides first; what it refuses leaves the old value in force,
 * here too. res gets "frame=" and the first frame that obeys, or the sentence that is also in the log. EINVAL
 * for an option that cannot change, ENOSYS for a name that is none, which another filter may know. */
int ff_zt_process_command(AVFilterContext *ctx, const char *cmd, const char *arg, char *res, int res_len, int flags);

#endif
