/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_frame.c - converts the engine's frames and statuses to FFmpeg's, and marks frames as generated
 *
 * A filter cannot write the metadata of a file. What it can do: frame metadata (for ffprobe and
 * metadata=print), side data that x264 and x265 write into the stream (-udu_sei 1), and a log line with
 * the -metadata arguments for whoever runs ffmpeg. */
#include <inttypes.h>
#include <string.h>

#include "libavutil/avstring.h"
#include "libavutil/bprint.h"
#include "libavutil/buffer.h"
#include "libavutil/cpu.h"
#include "libavutil/dict.h"
#include "libavutil/imgutils.h"
#include "libavutil/log.h"
#include "libavutil/mem.h"
#include "libavutil/pixdesc.h"
#include "zt_frame.h"

#define SOURCE_TYPE "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

/* Names our side data: 35947fc0-37e0-4031-884a-7697f43bcead. Readers know it by this, so it never changes. */
static const uint8_t uuid[16] = {
    0x35, 0x94, 0x7f, 0xc0, 0x37, 0xe0, 0x40, 0x31, 0x88, 0x4a, 0x76, 0x97, 0xf4, 0x3b, 0xce, 0xad,
};

static const struct Format {
    int av;
    zt_pixel_format zt;
} formats[] = {
    { AV_PIX_FMT_YUV420P, ZT_PIXEL_YUV420P },     { AV_PIX_FMT_YUV422P, ZT_PIXEL_YUV422P },
    { AV_PIX_FMT_YUV444P, ZT_PIXEL_YUV444P },     { AV_PIX_FMT_YUV420P10, ZT_PIXEL_YUV420P10 },
    { AV_PIX_FMT_YUV422P10, ZT_PIXEL_YUV422P10 }, { AV_PIX_FMT_YUV444P10, ZT_PIXEL_YUV444P10 },
    { AV_PIX_FMT_GBRP, ZT_PIXEL_GBRP },           { AV_PIX_FMT_GBRP10, ZT_PIXEL_GBRP10 },
    { AV_PIX_FMT_GBRP16, ZT_PIXEL_GBRP16 },       { AV_PIX_FMT_RGB24, ZT_PIXEL_RGB24 },
};

/* FFmpeg takes the first that the next filter or encoder takes too. So encoders of video get YUV, which players
 * expect, and those that know nothing but packed RGB (PNG) get the engine's own, through no scaler. */
const int ff_zt_pixel_formats[] = {
    AV_PIX_FMT_YUV420P,   AV_PIX_FMT_YUV422P,   AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV420P10,
    AV_PIX_FMT_YUV422P10, AV_PIX_FMT_YUV444P10, AV_PIX_FMT_GBRP,    AV_PIX_FMT_GBRP10,
    AV_PIX_FMT_GBRP16,    AV_PIX_FMT_RGB24,     AV_PIX_FMT_NONE,
};

/* As above: YUV for encoders of video, RGBA for those that know nothing else (PNG). */
const int ff_zt_alpha_formats[] = {
    AV_PIX_FMT_YUVA420P,   AV_PIX_FMT_YUVA422P,   AV_PIX_FMT_YUVA444P, AV_PIX_FMT_YUVA420P10,
    AV_PIX_FMT_YUVA422P10, AV_PIX_FMT_YUVA444P10, AV_PIX_FMT_GBRAP,    AV_PIX_FMT_GBRAP10,
    AV_PIX_FMT_GBRAP16,    AV_PIX_FMT_RGBA,       AV_PIX_FMT_RGBA64,   AV_PIX_FMT_NONE,
};

static zt_pixel_format format_of(int av_format)
{
    for (size_t i = 0; i < FF_ARRAY_ELEMS(formats); i++)
        if (formats[i].av == av_format)
            return formats[i].zt;
    return ZT_PIXEL_DEFAULT;
}

const int ff_zt_picture_formats[] = {
    AV_PIX_FMT_RGB24,      AV_PIX_FMT_GBRP,     AV_PIX_FMT_YUV444P,  AV_PIX_FMT_YUVJ444P,   AV_PIX_FMT_YUV422P,
    AV_PIX_FMT_YUVJ422P,   AV_PIX_FMT_YUV420P,  AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV444P10,  AV_PIX_FMT_YUV422P10,
    AV_PIX_FMT_YUV420P10,  AV_PIX_FMT_GBRP10,   AV_PIX_FMT_GBRP16,   AV_PIX_FMT_RGBA,       AV_PIX_FMT_GBRAP,
    AV_PIX_FMT_YUVA444P,   AV_PIX_FMT_YUVA422P, AV_PIX_FMT_YUVA420P, AV_PIX_FMT_YUVA444P10, AV_PIX_FMT_YUVA422P10,
    AV_PIX_FMT_YUVA420P10, AV_PIX_FMT_GBRAP10,  AV_PIX_FMT_GBRAP16,  AV_PIX_FMT_RGBA64,     AV_PIX_FMT_PAL8,
    AV_PIX_FMT_GRAY8,      AV_PIX_FMT_NONE,
};

/* What pictures may come in besides, and cutouts come out in. A fourth plane is alpha to the engine too. Grey is three
 * planes that are one; without it in the list FFmpeg would bring grey to a palette that is not made for it. */
static const struct Format of_pictures[] = {
    { AV_PIX_FMT_RGBA, ZT_PIXEL_RGBA },
    { AV_PIX_FMT_RGBA64, ZT_PIXEL_RGBA64 },
    { AV_PIX_FMT_PAL8, ZT_PIXEL_RGBA },
    { AV_PIX_FMT_GBRAP, ZT_PIXEL_GBRP },
    { AV_PIX_FMT_GBRAP10, ZT_PIXEL_GBRP10 },
    { AV_PIX_FMT_GBRAP16, ZT_PIXEL_GBRP16 },
    { AV_PIX_FMT_YUVA420P, ZT_PIXEL_YUV420P },
    { AV_PIX_FMT_YUVA422P, ZT_PIXEL_YUV422P },
    { AV_PIX_FMT_YUVA444P, ZT_PIXEL_YUV444P },
    { AV_PIX_FMT_YUVA420P10, ZT_PIXEL_YUV420P10 },
    { AV_PIX_FMT_YUVA422P10, ZT_PIXEL_YUV422P10 },
    { AV_PIX_FMT_YUVA444P10, ZT_PIXEL_YUV444P10 },
    { AV_PIX_FMT_GRAY8, ZT_PIXEL_GBRP },
};

/* The J formats are the full-range ones of old. */
static int without_j(int av_format)
{
    switch (av_format) {
    case AV_PIX_FMT_YUVJ420P: return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P: return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P: return AV_PIX_FMT_YUV444P;
    default: return av_format;
    }
}

zt_pixel_format ff_zt_picture_format(int av_format)
{
    for (size_t i = 0; i < FF_ARRAY_ELEMS(of_pictures); i++)
        if (of_pictures[i].av == av_format)
            return of_pictures[i].zt;
    return format_of(without_j(av_format));
}

int ff_zt_expand_palette(AVFrame **frame)
{
    const AVFrame *in = *frame;
    AVFrame *out;
    int ret;

    if (in->format != AV_PIX_FMT_PAL8)
        return 0;
    if (!(out = av_frame_alloc()))
        return AVERROR(ENOMEM);
    out->format = AV_PIX_FMT_RGBA;
    out->width = in->width;
    out->height = in->height;
    if ((ret = av_frame_get_buffer(out, 0)) < 0 || (ret = av_frame_copy_props(out, in)) < 0) {
        av_frame_free(&out);
        return ret;
    }
    for (int y = 0; y < in->height; y++) {
        const uint8_t *from = in->data[0] + (ptrdiff_t)y * in->linesize[0];
        uint8_t *to = out->data[0] + (ptrdiff_t)y * out->linesize[0];
        for (int x = 0; x < in->width; x++, to += 4) {
            uint32_t argb;
            memcpy(&argb, in->data[1] + 4 * from[x], sizeof(argb));
            to[0] = argb >> 16 & 255;
            to[1] = argb >> 8 & 255;
            to[2] = argb & 255;
            to[3] = argb >> 24;
        }
    }
    av_frame_free(frame);
    *frame = out;
    return 0;
}

/* Whether FFmpeg put this filter here by itself to convert between the formats on both sides. */
static int is_converter(const AVFilterContext *filter)
{
    return filter->name && !strncmp(filter->name, "auto_", 5) && !strcmp(filter->filter->name, "scale") &&
           filter->nb_inputs && filter->nb_outputs;
}

static const char *name_with_alpha(const AVFilterLink *link)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(link->format);
    return desc && desc->flags & AV_PIX_FMT_FLAG_ALPHA ? desc->name : NULL;
}

const char *ff_zt_alpha_before(const AVFilterLink *inlink)
{
    return is_converter(inlink->src) ? name_with_alpha(inlink->src->inputs[0]) : NULL;
}

const char *ff_zt_alpha_behind(const AVFilterLink *outlink)
{
    const AVFilterLink *link = is_converter(outlink->dst) ? outlink->dst->outputs[0] : NULL;
    /* Other filters that take nothing else work with alpha (overlay) or make one (chromakey). */
    return link && !name_with_alpha(outlink) &&
                   (!strcmp(link->dst->filter->name, "format") || !strcmp(link->dst->filter->name, "buffersink"))
               ? name_with_alpha(link)
               : NULL;
}

const char *ff_zt_alpha_lost(const AVFilterLink *outlink)
{
    const AVFilterLink *link = is_converter(outlink->dst) ? outlink->dst->outputs[0] : NULL;

    return link && name_with_alpha(outlink) && !name_with_alpha(link) ? av_get_pix_fmt_name(link->format) : NULL;
}

/* -1: one that the engine lacks. */
static int matrix_of(const AVFrame *frame)
{
    switch (frame->colorspace) {
    case AVCOL_SPC_BT709: return ZT_MATRIX_BT709;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M: return ZT_MATRIX_BT601;
    case AVCOL_SPC_BT2020_NCL: return ZT_MATRIX_BT2020;
    case AVCOL_SPC_UNSPECIFIED:
    case AVCOL_SPC_RESERVED: return frame->height <= 576 ? ZT_MATRIX_BT601 : ZT_MATRIX_BT709;
    default: return -1;
    }
}

int ff_zt_describe_picture(AVFilterContext *ctx, const ZtEngine *engine, const AVFrame *frame, const char *role,
                           zt_image *image)
{
    const int grey = frame->format == AV_PIX_FMT_GRAY8;
    const int rgb = grey || av_pix_fmt_desc_get(frame->format)->flags & AV_PIX_FMT_FLAG_RGB;
    const int planes = grey ? 3 : av_pix_fmt_count_planes(frame->format), matrix = rgb ? 0 : matrix_of(frame);

    if (matrix < 0) {
        const char *name = av_color_space_name(frame->colorspace);
        av_log(ctx, AV_LOG_ERROR,
               "%s: matrix: expected bt601, bt709 or bt2020nc, got %s; "
               "a scale filter in front can convert it\n",
               role, name ? name : "an unknown one");
        return AVERROR(EINVAL);
    }
    engine->image_init_sized(image, sizeof(*image));
    image->format = ff_zt_picture_format(frame->format);
    image->width = frame->width;
    image->height = frame->height;
    for (int i = 0; i < planes; i++) {
        image->data[i] = frame->data[grey ? 0 : i];
        image->stride[i] = frame->linesize[grey ? 0 : i];
    }
    if (rgb)
        return 0;
    image->matrix = matrix;
    image->range = frame->color_range == AVCOL_RANGE_JPEG || without_j(frame->format) != frame->format
                       ? ZT_RANGE_FULL
                       : ZT_RANGE_LIMITED;
    if (frame->chroma_location == AVCHROMA_LOC_CENTER)
        image->chroma_site = ZT_CHROMA_CENTER;
    else if (frame->chroma_location == AVCHROMA_LOC_TOPLEFT)
        image->chroma_site = ZT_CHROMA_TOP_LEFT;
    return 0;
}

/* With a fourth plane one of those with alpha, which come before grey in their table. */
static int av_format_of(const zt_frame_info *info)
{
    for (size_t i = 0; i < FF_ARRAY_ELEMS(formats) && !info->data[3]; i++)
        if (formats[i].zt == info->format)
            return formats[i].av;
    for (size_t i = 0; i < FF_ARRAY_ELEMS(of_pictures); i++)
        if (of_pictures[i].zt == info->format)
            return of_pictures[i].av;
    return AV_PIX_FMT_NONE;
}

int ff_zt_error(zt_status status)
{
    switch (status) {
    case ZT_OK: return 0;
    case ZT_AGAIN: return AVERROR(ETIMEDOUT);
    case ZT_END: return AVERROR_EOF;
    case ZT_ERROR_ARGUMENT:
    case ZT_ERROR_PROMPT:
    case ZT_ERROR_UNSUPPORTED: return AVERROR(EINVAL);
    case ZT_ERROR_NOT_FOUND: return AVERROR(ENOENT);
    case ZT_ERROR_IO: return AVERROR(EIO);
    case ZT_ERROR_WEIGHTS: return AVERROR_INVALIDDATA;
    case ZT_ERROR_MEMORY: return AVERROR(ENOMEM);
    case ZT_ERROR_CANCELLED: return AVERROR_EXIT;
    case ZT_ERROR_DEVICE:
    case ZT_ERROR_NUMERIC:
    case ZT_ERROR_NETWORK:
    case ZT_ERROR_INTERNAL: return AVERROR_EXTERNAL;
    }
    return AVERROR_EXTERNAL;
}

void ff_zt_log(void *opaque, zt_log_level level, const char *message)
{
    static const int levels[] = {
        [ZT_LOG_ERROR] = AV_LOG_ERROR,     [ZT_LOG_WARNING] = AV_LOG_WARNING, [ZT_LOG_INFO] = AV_LOG_INFO,
        [ZT_LOG_VERBOSE] = AV_LOG_VERBOSE, [ZT_LOG_DEBUG] = AV_LOG_DEBUG,
    };
    av_log(opaque, level >= ZT_LOG_ERROR && level <= ZT_LOG_DEBUG ? levels[level] : AV_LOG_DEBUG, "%s\n", message);
}

/* One picture of the engine, held by the planes of an AVFrame. */
typedef struct Holder {
    const ZtEngine *engine;
    zt_frame *frame;
} Holder;

static void release(void *opaque, uint8_t *data)
{
    Holder *holder = opaque;

    (void)data;
    holder->engine->frame_unref(&holder->frame);
    av_free(holder);
}

static int plane_height(const AVPixFmtDescriptor *desc, int plane, int height)
{
    return plane == 1 || plane == 2 ? AV_CEIL_RSHIFT(height, desc->log2_chroma_h) : height;
}

/* One buffer for each plane. Read-only: the engine may keep a frame for another reader. */
static int wrap_planes(AVFrame *out, const ZtEngine *engine, zt_frame *source, const zt_frame_info *info)
{
    const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(out->format);
    const int planes = av_pix_fmt_count_planes(out->format);

    for (int i = 0; i < planes; i++) {
        const size_t size = (size_t)info->stride[i] * (size_t)plane_height(desc, i, info->height);
        Holder *holder = av_malloc(sizeof(*holder));
        if (!holder)
            return AVERROR(ENOMEM);
        *holder = (Holder){ engine, engine->frame_ref(source) };
        out->buf[i] = av_buffer_create(info->data[i], size, release, holder, AV_BUFFER_FLAG_READONLY);
        if (!out->buf[i]) {
            release(holder, NULL);
            return AVERROR(ENOMEM);
        }
        out->data[i] = info->data[i];
        out->linesize[i] = (int)info->stride[i];
    }
    return 0;
}

static int is_aligned(const zt_frame_info *info, int planes)
{
    const uintptr_t align = (uintptr_t)av_cpu_max_align();

    for (int i = 0; i < planes; i++)
        if (((uintptr_t)info->data[i] | (uintptr_t)info->stride[i]) & (align - 1))
            return 0;
    return 1;
}

int64_t ff_zt_ticks(const AVFilterLink *outlink, zt_rational rate, int64_t frames)
{
    return av_rescale_q(frames, (AVRational){ rate.den, rate.num }, outlink->time_base);
}

static void set_properties(AVFrame *out, const AVFilterLink *outlink, const zt_frame_info *info)
{
    const int rgb = !!(av_pix_fmt_desc_get(out->format)->flags & AV_PIX_FMT_FLAG_RGB);

    out->pts = ff_zt_ticks(outlink, info->rate, info->pts);
    out->sample_aspect_ratio = outlink->sample_aspect_ratio;
    out->color_primaries = AVCOL_PRI_BT709;
    out->color_trc = AVCOL_TRC_BT709;
    out->colorspace = rgb ? AVCOL_SPC_RGB : AVCOL_SPC_BT709;
    out->color_range = rgb ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    out->chroma_location = rgb ? AVCHROMA_LOC_UNSPECIFIED : AVCHROMA_LOC_LEFT;
    zt_set_frame_flags(out, ff_zt_ticks(outlink, info->rate, info->pts + 1) - out->pts);
}

int ff_zt_wrap_frame(AVFilterLink *outlink, const ZtEngine *engine, zt_frame *source, AVFrame **frame)
{
    const zt_frame_info *info = engine->frame_get_info(source);
    const int format = av_format_of(info), planes = av_pix_fmt_count_planes(format);
    AVFrame *out = NULL;
    int ret = 0;

    *frame = NULL;
    if (format != outlink->format || info->width != outlink->w || info->height != outlink->h) {
        const char *name = av_get_pix_fmt_name(format);
        av_log(outlink->src, AV_LOG_ERROR, "frame: expected %dx%d %s, got %dx%d %s\n", outlink->w, outlink->h,
               av_get_pix_fmt_name(outlink->format), info->width, info->height, name ? name : "of no known format");
        ret = AVERROR_BUG;
    } else if (is_aligned(info, planes)) {
        out = av_frame_alloc();
        if (out) {
            out->format = format;
            out->width = info->width;
            out->height = info->height;
            ret = wrap_planes(out, engine, source, info);
        }
    } else {
        out = ff_get_video_buffer(outlink, info->width, info->height);
        if (out)
            av_image_copy(out->data, out->linesize, (const uint8_t **)info->data,
                          (const int[4]){ (int)info->stride[0], (int)info->stride[1], (int)info->stride[2],
                                          (int)info->stride[3] },
                          format, info->width, info->height);
    }
    if (!out && !ret)
        ret = AVERROR(ENOMEM);
    if (!ret)
        set_properties(out, outlink, info);
    else
        av_frame_free(&out);
    engine->frame_unref(&source);
    *frame = out;
    return ret;
}

/* A JSON string: quotes, backslashes and control characters escaped, UTF-8 as it is. */
static void json_string(AVBPrint *text, const char *key, const char *value)
{
    av_bprintf(text, "%s\"%s\":\"", text->str[text->len ? text->len - 1 : 0] == '{' ? "" : ",", key);
    for (const char *c = value ? value : ""; *c; c++) {
        if (*c == '"' || *c == '\\')
            av_bprintf(text, "\\%c", *c);
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            av_bprintf(text, "\\u%04x", (unsigned char)*c);
        else
            av_bprint_chars(text, *c, 1);
    }
    av_bprint_chars(text, '"', 1);
}

static void version_text(char text[32], const ZtEngine *engine)
{
    const uint32_t v = engine->version();
    snprintf(text, 32, "%u.%u.%u", v >> 16, v >> 8 & 255, v & 255);
}

static int add_side_data(const ZtEngine *engine, const zt_model_info *model, const zt_frame_info *info,
                         const ZtMarks *marks, AVFrame *frame)
{
    AVFrameSideData *side;
    AVBPrint text;
    char version[32];
    int ret = 0;

    version_text(version, engine);
    av_bprint_init(&text, 512, AV_BPRINT_SIZE_UNLIMITED);
    av_bprint_chars(&text, '{', 1);
    json_string(&text, "gen", "zoetrope");
    json_string(&text, "ver", version);
    json_string(&text, "model", model->name);
    json_string(&text, "model_sha256", model->sha256);
    av_bprintf(&text, ",\"seed\":%" PRId64 ",\"chunk\":%" PRId64, info->seed, info->chunk);
    json_string(&text, "prompt_sha256", info->prompt_sha256);
    if (marks->prompt_text)
        json_string(&text, "prompt", info->prompt);
    json_string(&text, "dst", SOURCE_TYPE);
    av_bprint_chars(&text, '}', 1);
    if (!av_bprint_is_complete(&text)) {
        ret = AVERROR(ENOMEM);
    } else if (!(side = av_frame_new_side_data(frame, AV_FRAME_DATA_SEI_UNREGISTERED, sizeof(uuid) + text.len))) {
        ret = AVERROR(ENOMEM);
    } else {
        memcpy(side->data, uuid, sizeof(uuid));
        memcpy(side->data + sizeof(uuid), text.str, text.len);
    }
    av_bprint_finalize(&text, NULL);
    return ret;
}

static int add_metadata(const ZtEngine *engine, const zt_model_info *model, const zt_frame_info *info,
                        const ZtMarks *marks, AVFrame *frame)
{
    AVDictionary **meta = &frame->metadata;
    char generator[64] = "zoetrope ";
    int ret;

    version_text(generator + strlen(generator), engine);
    if ((ret = av_dict_set(meta, "lavfi.zoetrope.model", model->name, 0)) < 0 ||
        (ret = av_dict_set(meta, "lavfi.zoetrope.model_sha256", model->sha256, 0)) < 0 ||
        (ret = av_dict_set_int(meta, "lavfi.zoetrope.seed", info->seed, 0)) < 0 ||
        (ret = av_dict_set_int(meta, "lavfi.zoetrope.chunk", info->chunk, 0)) < 0 ||
        (ret = av_dict_set_int(meta, "lavfi.zoetrope.shot", info->shot, 0)) < 0 ||
        (ret = av_dict_set(meta, "lavfi.zoetrope.prompt_sha256", info->prompt_sha256, 0)) < 0 ||
        (ret = av_dict_set(meta, "lavfi.zoetrope.generator", generator, 0)) < 0)
        return ret;
    if (marks->prompt_text)
        ret = av_dict_set(meta, "lavfi.zoetrope.prompt", info->prompt, 0);
    return FFMIN(ret, 0);
}

/* The arguments as one would type them: the hashes are hexadecimal, so the comment, which reads as the GStreamer
 * element's does, needs no quotes. Whoever turned the side data off is not told of it again. */
static void log_file_arguments(AVFilterContext *ctx, const zt_model_info *model, const zt_frame_info *info, int sei)
{
    char product[64];

    snprintf(product, sizeof(product), "%.16s-%" PRId64 "-%.16s", model->sha256, info->seed, info->prompt_sha256);
    av_log(ctx, sei ? AV_LOG_INFO : AV_LOG_VERBOSE,
           "ffmpeg marks a file as generated only if it is told to: -udu_sei 1 "
           "(libx264, libx265) -metadata comment=AI-generated+AIGC.Label:1+AIGC.ContentProducer:zoetrope+"
           "AIGC.ProduceID:%s+digitalSourceType:" SOURCE_TYPE "\n",
           product);
    av_log(ctx, AV_LOG_VERBOSE,
           "as a field of its own: -metadata 'AIGC={\"Label\":\"1\",\"ContentProducer\":\"zoetrope\","
           "\"ProduceID\":\"%s\"}' -movflags use_metadata_tags\n",
           product);
}

int ff_zt_mark_frame(AVFilterContext *ctx, const ZtEngine *engine, const zt_model_info *model,
                     const zt_frame_info *info, ZtMarks *marks, AVFrame *frame)
{
    const int64_t second = av_rescale_rnd(info->pts, info->rate.den, info->rate.num, AV_ROUND_DOWN);
    int ret;

    if (!marks->begun)
        log_file_arguments(ctx, model, info, marks->sei);
    if (info->chunk_start || !marks->begun)
        if ((ret = add_metadata(engine, model, info, marks, frame)) < 0)
            return ret;
    if (marks->sei &&
        (!marks->begun || second >= marks->next_second || strcmp(marks->prompt_sha256, info->prompt_sha256))) {
        if ((ret = add_side_data(engine, model, info, marks, frame)) < 0)
            return ret;
        marks->next_second = second + 1;
        av_strlcpy(marks->prompt_sha256, info->prompt_sha256, sizeof(marks->prompt_sha256));
    }
    marks->begun = 1;
    return 0;
}
