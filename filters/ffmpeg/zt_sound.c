/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_sound.c - see zt_sound.h */
#include <string.h>

#include "libavutil/channel_layout.h"
#include "libavutil/mathematics.h"
#include "libavfilter/audio.h"
#include "zt_sound.h"

/* Silence comes in frames of this many samples at most. */
#define MOST_SAMPLES 48000

static int config_sound(AVFilterLink *outlink)
{
    outlink->time_base = (AVRational){ 1, outlink->sample_rate };
    return 0;
}

int ff_zt_add_sound(AVFilterContext *ctx)
{
    static const AVFilterPad sound = { .name = "sound", .type = AVMEDIA_TYPE_AUDIO, .config_props = config_sound };
    const ZtGenerator *s = ctx->priv;
    AVFilterPad pad = sound;

    return s->opt.sound ? ff_append_outpad(ctx, &pad) : 0;
}

AVFilterLink *ff_zt_sound_link(AVFilterContext *ctx)
{
    return ctx->nb_outputs > 1 ? ctx->outputs[1] : NULL;
}

int ff_zt_offer_sound(AVFilterContext *ctx, AVFilterFormatsConfig *side)
{
    static const int formats[] = { AV_SAMPLE_FMT_FLT, -1 };
    ZtGenerator *s = ctx->priv;
    const zt_model_info *info;
    AVFilterChannelLayouts *layouts = NULL;
    AVChannelLayout layout;
    int rates[] = { 0, -1 };
    int ret = ff_zt_open_model(ctx);

    if (ret < 0)
        return ret;
    info = s->engine->model_get_info(s->model);
    if (!info->sample_rate) {
        av_log(ctx, AV_LOG_ERROR, "sound: expected 0 (this model is mute), got 1\n");
        return AVERROR(ENOSYS);
    }
    rates[0] = info->sample_rate;
    av_channel_layout_default(&layout, info->channels);
    if ((ret = ff_add_channel_layout(&layouts, &layout)) < 0 ||
        (ret = ff_channel_layouts_ref(layouts, &side->channel_layouts)) < 0 ||
        (ret = ff_formats_ref(ff_make_format_list(rates), &side->samplerates)) < 0)
        return ret;
    return ff_formats_ref(ff_make_format_list(formats), &side->formats);
}

/* So many samples, or silence where samples is NULL. */
static int output(AVFilterLink *outlink, const float *samples, int64_t count, int64_t pts)
{
    ZtGenerator *s = outlink->src->priv;
    const size_t bytes = (size_t)count * (size_t)outlink->ch_layout.nb_channels * sizeof(*samples);
    AVFrame *frame = ff_get_audio_buffer(outlink, (int)count);

    if (!frame)
        return AVERROR(ENOMEM);
    if (samples)
        memcpy(frame->data[0], samples, bytes);
    else
        memset(frame->data[0], 0, bytes);
    frame->pts = pts;
    zt_set_duration(frame, count);
    s->next_sample = pts + count;
    return ff_filter_frame(outlink, frame);
}

int ff_zt_output_sound(AVFilterContext *ctx, const zt_frame_info *info, int64_t begin)
{
    AVFilterLink *outlink = ff_zt_sound_link(ctx);

    if (!outlink || ff_outlink_get_status(outlink))
        return 0;
    return output(outlink, info->samples, info->sample_count, begin + info->first_sample);
}

int ff_zt_output_silence(AVFilterContext *ctx, int64_t begin, int64_t end)
{
    AVFilterLink *outlink = ff_zt_sound_link(ctx);
    ZtGenerator *s = ctx->priv;
    int64_t last;
    int ret = 0;

    if (!outlink || ff_outlink_get_status(outlink))
        return 0;
    if (s->next_sample == AV_NOPTS_VALUE)
        s->next_sample = av_rescale_q(begin, ctx->outputs[0]->time_base, outlink->time_base);
    last = av_rescale_q(end, ctx->outputs[0]->time_base, outlink->time_base);
    while (ret >= 0 && s->next_sample < last)
        ret = output(outlink, NULL, FFMIN(last - s->next_sample, MOST_SAMPLES), s->next_sample);
    return ret;
}
