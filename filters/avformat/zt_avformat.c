/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_avformat.c - the three functions in which the overlay libavformat differs from the stock one
 *
 * As the overlay libavfilter (filters/ffmpeg/zt_overlay.c): it has the stock library's name and needs it by
 * absolute path, so the stock library stays in the process and answers everything but the list of demuxers, the
 * look-up of one by name, and the opening of an input, where a t2v: link gets our demuxer. Inputs that stock
 * libavformat opens by itself (of a playlist, of concat) do not pass here: such a link is refused there.
 *
 * Set by build-input:  ZT_FFMPEG  av_version_info() of the FFmpeg whose source this was compiled in
 *                      ZT_STOCK   absolute path of the stock library
 * With any other FFmpeg in the process the structs may differ: one warning, then everything is stock. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "libavformat/avformat.h"
#include "libavutil/avutil.h"
#include "libavutil/error.h"
#include "libavutil/log.h"
#include "zt_demux.h"

/* Our position in av_demuxer_iterate's opaque counter; the stock ones count from zero. */
#define BEHIND_OURS ((uintptr_t)1 << 30)

static struct {
    const AVInputFormat *(*av_demuxer_iterate)(void **opaque);
    const AVInputFormat *(*av_find_input_format)(const char *name);
    int (*avformat_open_input)(AVFormatContext **s, const char *url, const AVInputFormat *format,
                               AVDictionary **options);
} stock;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int complete; /* every stock function was found   */
static int same;     /* ... and it is the FFmpeg we know */

static void find_stock(void)
{
    void *library = dlopen(ZT_STOCK, RTLD_LAZY | RTLD_NOLOAD);

    if (!library)
        return;
    complete = 1;
#define FIND(name)                                                                                                     \
    stock.name = (__typeof__(stock.name))dlsym(library, #name);                                                        \
    complete &= stock.name != NULL;
    FIND(av_demuxer_iterate)
    FIND(av_find_input_format)
    FIND(avformat_open_input)
    same = complete && !strcmp(av_version_info(), ZT_FFMPEG);
    if (complete && !same)
        av_log(NULL, AV_LOG_WARNING,
               "zoetrope: expected FFmpeg " ZT_FFMPEG ", got %s; t2v: is left out, build the overlay again\n",
               av_version_info());
}

static int is_same(void)
{
    pthread_once(&once, find_stock);
    return same;
}

const AVInputFormat *av_demuxer_iterate(void **opaque)
{
    const uintptr_t position = (uintptr_t)*opaque;
    const AVInputFormat *format = NULL;

    is_same();
    if (position < BEHIND_OURS && complete)
        format = stock.av_demuxer_iterate(opaque);
    if (!format && same && position < BEHIND_OURS) {
        *opaque = (void *)BEHIND_OURS;
        format = zt_demuxer();
    }
    return format;
}

const AVInputFormat *av_find_input_format(const char *name)
{
    if (is_same() && name && !strcmp(name, "t2v"))
        return zt_demuxer();
    return complete ? stock.av_find_input_format(name) : NULL;
}

int avformat_open_input(AVFormatContext **s, const char *url, const AVInputFormat *format, AVDictionary **options)
{
    if (is_same() && !format && url && !strncmp(url, "t2v:", 4) && !(*s && (*s)->pb))
        format = zt_demuxer();
    return complete ? stock.avformat_open_input(s, url, format, options) : AVERROR(ENOSYS);
}
