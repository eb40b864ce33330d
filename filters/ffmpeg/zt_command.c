/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_command.c - what t2vsrc and i2v do with the commands of sendcmd, zmq and ffmpeg's key c */
#include <inttypes.h>
#include <string.h>

#include "libavutil/avstring.h"
#include "libavutil/opt.h"
#include "zt_generate.h"

/* Where the caller reads the answer. text may be NULL. */
typedef struct Answer {
    char *text;
    int size;
} Answer;

static void answer(const Answer *to, const char *text)
{
    if (to->text && to->size > 0)
        av_strlcpy(to->text, text, (size_t)to->size);
}

/* The options that may change while the source runs, with commas between. */
static void runtime_names(const ZtGenerator *s, char *names, size_t size)
{
    static const struct {
        const char *name;
        unsigned flags;
    } options[] = {
#define ZT_OPTION(name, type, text, number, min, max, choices, flags, help) { #name, flags },
#include "api/options.def"
    };

    names[0] = 0;
    for (size_t i = 0; i < FF_ARRAY_ELEMS(options); i++)
        if (options[i].flags & ZT_OPTION_RUNTIME && (s->takes_pictures || !(options[i].flags & ZT_OPTION_I2V)))
            av_strlcatf(names, size, "%s%s", names[0] ? ", " : "", options[i].name);
}

/* The name is another option's, or none. A name that is none may be meant for another filter: that is no error
 * of the graph, so only the answer speaks of it. */
static int refuse_name(AVFilterContext *ctx, const char *cmd, const Answer *to)
{
    const int known = av_opt_find(ctx->priv, cmd, NULL, 0, 0) != NULL;
    char names[128], text[320];

    runtime_names(ctx->priv, names, sizeof(names));
    snprintf(text, sizeof(text), "%.64s: expected one of %s (what can change while the source runs), got %s", cmd,
             names, known ? "an option that cannot" : "another name");
    answer(to, text);
    if (!known)
        return AVERROR(ENOSYS);
    av_log(ctx, AV_LOG_ERROR, "%s\n", text);
    return AVERROR(EINVAL);
}

/* zmq ends a command's value at the first blank and answers "Success" for what is left of a prompt. A filter
 * does not see who asked, so where the graph has a zmq a text of one word is refused, unless the word ends with
 * a blank, which only quotes let through. Chinese and Japanese, which have no blanks, begin at U+3000. */
static int may_be_cut(const AVFilterContext *ctx, const char *cmd, const char *arg)
{
    if ((strcmp(cmd, "prompt") && strcmp(cmd, "negative_prompt")) || !*arg || strpbrk(arg, " \f\t\n\r"))
        return 0;
    for (; *arg; arg++)
        if ((unsigned char)*arg >= 0xE3)
            return 0;
    for (unsigned i = 0; i < ctx->graph->nb_filters; i++)
        if (av_match_name(ctx->graph->filters[i]->filter->name, "zmq,azmq"))
            return 1;
    return 0;
}

static int refuse_word(AVFilterContext *ctx, const char *cmd, const char *arg, const Answer *to)
{
    char text[320];

    snprintf(text, sizeof(text),
             "%s: expected more than one word, got \"%.64s\"; zmq ends a value at the first "
             "blank: %s 'a blue fox', or %s 'fox ' for a single word",
             cmd, arg, cmd, cmd);
    answer(to, text);
    av_log(ctx, AV_LOG_ERROR, "%s\n", text);
    return AVERROR(EINVAL);
}

int ff_zt_process_command(AVFilterContext *ctx, const char *cmd, const char *arg, char *res, int res_len, int flags)
{
    ZtGenerator *s = ctx->priv;
    const Answer to = { res, res_len };
    zt_error error = ZT_ERROR_INIT;
    int64_t first_frame = 0;
    char text[32];
    zt_status status;

    if (!s->engine)
        return AVERROR(ENOSYS);
    if (!av_opt_find(s, cmd, NULL, AV_OPT_FLAG_RUNTIME_PARAM, 0))
        return refuse_name(ctx, cmd, &to);
    if (may_be_cut(ctx, cmd, arg))
        return refuse_word(ctx, cmd, arg, &to);
    if (!s->session) /* its picture is still to come; the start will read the new value */
        return ff_filter_process_command(ctx, cmd, arg, res, res_len, flags);
    if (!strcmp(cmd, "prompt"))
        status = s->engine->session_set_prompt(s->session, arg, &first_frame, &error);
    else
        status = s->engine->session_set_option(s->session, cmd, arg, &first_frame, &error);
    if (status < 0) {
        ff_zt_fail(ctx, status, &error);
        answer(&to, error.message);
        return AVERROR(EINVAL);
    }
    if (status == ZT_END)
        av_log(ctx, AV_LOG_WARNING, "%s: the last chunk has begun, the new value changes nothing\n", cmd);
    else
        av_log(ctx, AV_LOG_INFO, "%s: new value from frame %" PRId64 " on\n", cmd, first_frame);
    snprintf(text, sizeof(text), "frame=%" PRId64, first_frame);
    answer(&to, text);
    return ff_filter_process_command(ctx, cmd, arg, NULL, 0, flags);
}
