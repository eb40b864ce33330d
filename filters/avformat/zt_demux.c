/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_demux.c - t2v: links as an input of libavformat: length, seeking to any frame, colour tags, sound
 *
 *   ffmpeg -i "t2v:///a%20red%20fox;frames=96" fox.mp4
 *
 * What the link says, and no more, decides the clip (plugins/clips/zt_clip_link.h). The packets are pictures as
 * they are (rawvideo, 4:2:0 in 8 bit, of a cutout with alpha) and, with sound=1, the sound of the same time; all of
 * them are key frames. Compiled in the source tree of the FFmpeg that is installed, because the struct of a demuxer is
 * private. */
#include <string.h>

#include "libavcodec/avcodec.h"
#include "libavformat/avformat.h"
#include "libavformat/version.h"
#include "libavutil/avstring.h"
#include "libavutil/error.h"
#include "libavutil/mathematics.h"
#include "libavutil/mem.h"
#include "libavutil/time.h"
#include "libavformat/internal.h"
#if LIBAVFORMAT_VERSION_MAJOR >= 61 /* 7.0 */
#include "libavformat/demux.h"
#define ZT_INPUT        FFInputFormat
#define ZT_PUBLIC(f)    .p.f
#define ZT_PUBLIC_OF(x) (&(x).p)
#else
#define ZT_INPUT        AVInputFormat
#define ZT_PUBLIC(f)    .f
#define ZT_PUBLIC_OF(x) (&(x))
#endif

#include "zt_clip_link.h"
#include "zt_clips.h"
#include "zt_demux.h"

#define NONBLOCK_US 100000

typedef struct Demuxer {
    const AVClass *class;
    ZtClip *clip;
    int64_t next;   /* number of the next frame to read */
    zt_frame *open; /* its picture has been given, its sound has not */
    ZtClipWait since;
    int64_t until_us; /* of av_gettime_relative: a wait ends then; 0 = with the frame */
} Demuxer;

static int error_of(zt_status status)
{
    switch (status) {
    case ZT_ERROR_NOT_FOUND: return AVERROR(ENOENT);
    case ZT_ERROR_IO: return AVERROR(EIO);
    case ZT_ERROR_WEIGHTS: return AVERROR_INVALIDDATA;
    case ZT_ERROR_MEMORY: return AVERROR(ENOMEM);
    case ZT_ERROR_CANCELLED: return AVERROR_EXIT;
    case ZT_AGAIN: return AVERROR(ETIMEDOUT);
    case ZT_ERROR_ARGUMENT:
    case ZT_ERROR_PROMPT:
    case ZT_ERROR_UNSUPPORTED: return AVERROR(EINVAL);
    default: return AVERROR_EXTERNAL;
    }
}

static int fail(AVFormatContext *s, zt_status status, const zt_error *error)
{
    if (status != ZT_ERROR_CANCELLED)
        av_log(s, AV_LOG_ERROR, "%s\n", error->message);
    return error_of(status);
}

/* ---- Opening ---- */

static zt_status open_clip(const char *url, ZtClip **clip, zt_error *error)
{
    const char *found = zt_clip_link_find(url);
    char *link = found ? av_strdup(found) : av_asprintf("t2v:%s", url);
    ZtClipOptions options = { { NULL } };
    ZtClipAsk ask = { .options = &options, .format = ZT_PIXEL_YUV420P, .cutout_format = ZT_PIXEL_YUV420P };
    const char *sentence = NULL;
    const ZtEngine *zt = zt_loader_get(&sentence);
    zt_status status = ZT_ERROR_INTERNAL;

    if (!zt)
        snprintf(error->message, sizeof(error->message), "%s", sentence);
    else if (!link)
        snprintf(error->message, sizeof(error->message), "memory: expected some, got none");
    else
        status = zt_clip_link_read(link, zt, &options, error);
    if (status >= 0)
        status = zt_clip_open(&ask, clip, error);
    zt_clip_options_clear(&options);
    av_free(link);
    return status;
}

static int add_video(AVFormatContext *s, const ZtClipInfo *info)
{
    AVStream *st = avformat_new_stream(s, NULL);
    AVCodecParameters *par;

    if (!st)
        return AVERROR(ENOMEM);
    avpriv_set_pts_info(st, 64, info->rate.den, info->rate.num);
    st->avg_frame_rate = st->r_frame_rate = (AVRational){ info->rate.num, info->rate.den };
    st->nb_frames = st->duration = info->frames;
    st->start_time = 0;
    st->sample_aspect_ratio = (AVRational){ 1, 1 };
    par = st->codecpar;
    par->codec_type = AVMEDIA_TYPE_VIDEO;
    par->codec_id = AV_CODEC_ID_RAWVIDEO;
    par->format = info->cutout ? AV_PIX_FMT_YUVA420P : AV_PIX_FMT_YUV420P;
    par->width = info->width;
    par->height = info->height;
    par->sample_aspect_ratio = (AVRational){ 1, 1 };
    par->field_order = AV_FIELD_PROGRESSIVE;
    par->color_range = AVCOL_RANGE_MPEG;
    par->color_space = AVCOL_SPC_BT709;
    par->color_primaries = AVCOL_PRI_BT709;
    par->color_trc = AVCOL_TRC_BT709;
    par->chroma_location = AVCHROMA_LOC_LEFT;
    return 0;
}

static int add_audio(AVFormatContext *s, const ZtClipInfo *info)
{
    AVStream *st = avformat_new_stream(s, NULL);
    AVCodecParameters *par;

    if (!st)
        return AVERROR(ENOMEM);
    avpriv_set_pts_info(st, 64, 1, (unsigned)info->sample_rate);
    st->start_time = 0;
    st->duration = av_rescale(info->frames, (int64_t)info->sample_rate * info->rate.den, info->rate.num);
    par = st->codecpar;
    par->codec_type = AVMEDIA_TYPE_AUDIO;
    par->codec_id = AV_NE(AV_CODEC_ID_PCM_F32BE, AV_CODEC_ID_PCM_F32LE);
    par->format = AV_SAMPLE_FMT_FLT;
    par->sample_rate = info->sample_rate;
    av_channel_layout_default(&par->ch_layout, info->channels);
    par->bits_per_coded_sample = 32;
    par->block_align = info->channels * 4;
    par->bit_rate = 32LL * info->channels * info->sample_rate;
    return 0;
}

static int read_header(AVFormatContext *s)
{
    Demuxer *self = s->priv_data;
    zt_error error = ZT_ERROR_INIT;
    zt_status status = open_clip(s->url, &self->clip, &error);
    const ZtClipInfo *info;
    int ret;

    if (status < 0)
        return fail(s, status, &error);
    info = zt_clip_info(self->clip);
    ret = add_video(s, info);
    if (ret >= 0 && info->sample_rate > 0)
        ret = add_audio(s, info);
    s->duration = av_rescale(info->frames, (int64_t)AV_TIME_BASE * info->rate.den, info->rate.num);
    if (ret < 0)
        zt_clip_close(&self->clip); /* read_close is not called then */
    return ret;
}

/* ---- Packets ---- */

static int fill_picture(const zt_frame_info *info, AVPacket *pkt)
{
    int planes = info->data[3] ? 4 : 3, full = info->width * info->height;
    int size = (planes - 2) * full + 2 * ((info->width / 2) * (info->height / 2));
    int ret = av_new_packet(pkt, size);
    uint8_t *out = pkt->data;

    if (ret < 0)
        return ret;
    for (int plane = 0; plane < planes; plane++) {
        int chroma = plane == 1 || plane == 2;
        int width = chroma ? info->width / 2 : info->width, height = chroma ? info->height / 2 : info->height;

        for (int y = 0; y < height; y++, out += width)
            memcpy(out, info->data[plane] + y * info->stride[plane], (size_t)width);
    }
    pkt->stream_index = 0;
    pkt->pts = pkt->dts = info->pts;
    pkt->duration = 1;
    return 0;
}

static int fill_sound(const zt_frame_info *info, AVPacket *pkt)
{
    size_t size = (size_t)info->sample_count * (size_t)info->channels * sizeof(float);
    int ret = av_new_packet(pkt, (int)size);

    if (ret < 0)
        return ret;
    memcpy(pkt->data, info->samples, size);
    pkt->stream_index = 1;
    pkt->pts = pkt->dts = info->first_sample;
    pkt->duration = info->sample_count;
    return 0;
}

/* Ctrl-C, and whatever else the program wants to end a wait for. */
static int is_interrupted(void *context)
{
    AVFormatContext *s = context;

    return s->interrupt_callback.callback && s->interrupt_callback.callback(s->interrupt_callback.opaque);
}

static int should_stop(void *context)
{
    AVFormatContext *s = context;
    Demuxer *self = s->priv_data;

    return is_interrupted(s) || (self->until_us && av_gettime_relative() > self->until_us);
}

static int read_packet(AVFormatContext *s, AVPacket *pkt)
{
    Demuxer *self = s->priv_data;
    const ZtEngine *zt = zt_clip_engine(self->clip);
    zt_error error = ZT_ERROR_INIT;
    zt_status status;
    int ret;

    if (self->open) {
        ret = fill_sound(zt->frame_get_info(self->open), pkt);
        zt->frame_unref(&self->open);
    } else {
        if (self->next >= zt_clip_info(self->clip)->frames)
            return AVERROR_EOF;
        /* ffmpeg, which asks not to be blocked, sees the first Ctrl-C between two packets only. */
        self->until_us = s->flags & AVFMT_FLAG_NONBLOCK ? av_gettime_relative() + NONBLOCK_US : 0;
        status = zt_clip_read_on(self->clip, self->next, &self->since, should_stop, s, &self->open, &error);
        if (status == ZT_ERROR_CANCELLED && !is_interrupted(s))
            return AVERROR(EAGAIN);
        if (!self->open)
            return fail(s, status, &error);
        self->next++;
        ret = fill_picture(zt->frame_get_info(self->open), pkt);
        if (ret < 0 || !zt->frame_get_info(self->open)->sample_count)
            zt->frame_unref(&self->open);
    }
    pkt->flags |= AV_PKT_FLAG_KEY;
    pkt->pos = -1;
    return ret;
}

static int read_seek(AVFormatContext *s, int stream_index, int64_t timestamp, int flags)
{
    Demuxer *self = s->priv_data;
    const AVStream *video = s->streams[0];
    enum AVRounding round = flags & AVSEEK_FLAG_BACKWARD ? AV_ROUND_DOWN : AV_ROUND_UP;
    int64_t frames = zt_clip_info(self->clip)->frames, number = timestamp;

    if (flags & AVSEEK_FLAG_BYTE)
        return AVERROR(ENOSYS);
    if (stream_index > 0)
        number = av_rescale_q_rnd(timestamp, s->streams[stream_index]->time_base, video->time_base, round);
    zt_clip_engine(self->clip)->frame_unref(&self->open);
    self->next = FFMAX(FFMIN(number, frames), 0);
    self->since = (ZtClipWait){ 0 };
    return 0;
}

static int read_close(AVFormatContext *s)
{
    Demuxer *self = s->priv_data;

    if (self->clip)
        zt_clip_engine(self->clip)->frame_unref(&self->open);
    zt_clip_close(&self->clip);
    return 0;
}

static const AVClass t2v_class = {
    .class_name = "t2v demuxer",
    .item_name = av_default_item_name,
    .version = LIBAVUTIL_VERSION_INT,
};

static const ZT_INPUT demuxer = {
    ZT_PUBLIC(name) = "t2v",
    ZT_PUBLIC(long_name) = "Video from text (Zoetrope)",
    ZT_PUBLIC(flags) = AVFMT_NOFILE | AVFMT_NO_BYTE_SEEK,
    ZT_PUBLIC(priv_class) = &t2v_class,
    .priv_data_size = sizeof(Demuxer),
    .read_header = read_header,
    .read_packet = read_packet,
    .read_close = read_close,
    .read_seek = read_seek,
};

const AVInputFormat *zt_demuxer(void)
{
    return ZT_PUBLIC_OF(demuxer);
}
