/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_args.c - see zt_args.h */
#include <string.h>

#include "libavutil/bprint.h"
#include "libavutil/error.h"
#include "libavutil/mem.h"
#include "libavutil/opt.h"
#include "zt_args.h"
#include "zt_compat.h"

#define MOST_SHOWN 100 /* bytes of a value in a message */

/* What stands between two colons: as it is written, with its quotes and backslashes, and its name. */
typedef struct Piece {
    const char *text;
    int length;
    char *name; /* owned; NULL where it has none */
} Piece;

/* Reads the next piece as FFmpeg does; *args moves behind its colon. False at the end, and where FFmpeg
 * itself will refuse the text. */
static int next_piece(const char **args, Piece *piece)
{
    char *value = NULL;

    *piece = (Piece){ .text = *args };
    if (!**args || av_opt_get_key_value(args, "=", ":", AV_OPT_FLAG_IMPLICIT_KEY, &piece->name, &value) < 0)
        return 0;
    av_free(value);
    piece->length = (int)(*args - piece->text);
    *args += **args == ':';
    return 1;
}

static int is_option(const AVClass *filter, const char *name)
{
    const AVClass *common = avfilter_get_class(); /* enable, threads, ... */

    name += *name == '/'; /* FFmpeg 7.1: the value is in a file */
    return av_opt_find(&filter, name, NULL, 0, AV_OPT_SEARCH_FAKE_OBJ) ||
           av_opt_find(&common, name, NULL, 0, AV_OPT_SEARCH_FAKE_OBJ);
}

/* The rest of a value that a colon has cut in two. The value of engine_opts has names of its own. */
static int is_rest(const AVClass *filter, const Piece *before, const Piece *piece)
{
    return !piece->name || (!strcmp(before->name, "engine_opts") && !is_option(filter, piece->name));
}

/* `cut` is the option whose value was cut, `rest` the piece behind its colon, `args` what follows. */
static int refuse(void *log, const AVClass *filter, const Piece *cut, const Piece *rest, const char *args)
{
    AVBPrint spelling;
    Piece piece;
    int more = 1;

    av_bprint_init(&spelling, 0, MOST_SHOWN);
    av_bprintf(&spelling, "%.*s\\:%.*s", cut->length, cut->text, rest->length, rest->text);
    while (more && next_piece(&args, &piece)) {
        if ((more = is_rest(filter, cut, &piece)))
            av_bprintf(&spelling, "\\:%.*s", piece.length, piece.text);
        av_free(piece.name);
    }
    /* A long value, or one with quotes, is for its writer to spell. */
    if (!av_bprint_is_complete(&spelling) || strchr(spelling.str, '\''))
        av_log(log, AV_LOG_ERROR,
               "%s: expected a name and = behind a colon, got %s; write a colon inside a "
               "value as \\: and the value between single quotes\n",
               cut->name, rest->name ? "an unknown name" : "a value alone");
    else
        av_log(log, AV_LOG_ERROR,
               "%s: expected a name and = behind a colon, got \"%.*s\"; write a colon "
               "inside a value as \\: between single quotes, %s='%s'\n",
               cut->name, rest->length, rest->text, cut->name, strchr(spelling.str, '=') + 1);
    av_bprint_finalize(&spelling, NULL);
    return AVERROR(EINVAL);
}

int ff_zt_check_args(void *log, const AVClass *filter, const char *args)
{
    Piece before = { .name = NULL }, piece;
    int ret = 0;

    while (!ret && args && next_piece(&args, &piece)) {
        if (before.name && is_rest(filter, &before, &piece))
            ret = refuse(log, filter, &before, &piece, args);
        av_free(before.name);
        before = piece;
    }
    av_free(before.name);
    return ret;
}
