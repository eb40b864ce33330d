/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * producer.c - the producer zoetrope: a clip whose frames may be asked for in any order; see zt_mlt.h
 *
 * Length. A clip is as long as `frames`, `duration` or `storyboard` say, else as the model's own, or longer where
 * `out` or `length` were set beyond it. Trimming never changes what is seen.
 *
 * Faults. Where there is no frame to show, a card with the reason is shown, the log gets it once, and a consumer
 * that writes a file is told to give up (melt ends with status 1). */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sound.h"
#include "timing.h"
#include "zt_clip_link.h"
#include "zt_mlt.h"

#define CARD_SECONDS 5 /* the length of a clip that cannot be made */

typedef struct Producer {
    struct mlt_producer_s parent;

    pthread_mutex_t lock;  /* over all below */
    ZtClipOptions options; /* as set by properties */
    char *resource;        /* the argument: a prompt or a link; owned */
    int64_t positions;     /* the length that was asked for by out or length */
    int64_t length;        /* the one that was given out */
    int stale;             /* something changed since the clip was opened */
    zt_rational profile;   /* the rate it was opened for */
    ZtClip *clip;          /* NULL after a failure */
    zt_error failure;
    int told; /* the failure is in the log */
} Producer;

static _Thread_local int setting; /* this thread sets a property of ours by itself */

/* ---- From properties to a clip ---- */

/* With the lock. All that says what to show: what the link says, then what properties say. */
static zt_status gather(const Producer *self, ZtClipOptions *all, zt_error *error)
{
    const char *link = self->resource ? zt_clip_link_find(self->resource) : NULL;
    const ZtEngine *zt = zt_loader_get(NULL);
    zt_status status = ZT_OK;

    if (link && zt)
        status = zt_clip_link_read(link, zt, all, error);
    else if (self->resource)
        zt_clip_options_set(all, ZT_CLIP_prompt, self->resource);
    if (zt_clip_options_have_subject(&self->options))
        zt_clip_options_set(all, ZT_CLIP_prompt, NULL);
    if (zt_clip_options_have_length(&self->options)) {
        zt_clip_options_set(all, ZT_CLIP_frames, NULL);
        zt_clip_options_set(all, ZT_CLIP_duration, NULL);
    }
    zt_clip_options_merge(all, &self->options);
    return status;
}

/* With the lock. */
static zt_status open_clip(Producer *self, mlt_profile profile, const char *image_format, ZtClip **clip,
                           zt_error *error)
{
    ZtClipOptions all = { { NULL } };
    ZtClipAsk ask = { .options = &all };
    zt_status status = gather(self, &all, error);
    const ZtClipInfo *info;

    ask.format = zt_mlt_format(image_format, profile->colorspace);
    ask.cutout_format = ZT_PIXEL_RGBA; /* the one format of MLT with alpha */
    ask.rate = self->profile;
    if (status >= 0)
        status = zt_clip_open(&ask, clip, error);
    if (status >= 0 && self->positions > 0 && !zt_clip_options_have_length(&all)) {
        info = zt_clip_info(*clip);
        ask.least_frames = zt_mlt_frame_at(self->positions - 1, self->profile, info->rate) + 1;
        if (ask.least_frames > info->frames) {
            zt_clip_close(clip);
            status = zt_clip_open(&ask, clip, error);
        }
    }
    zt_clip_options_clear(&all);
    if (status >= 0 && zt_clip_info(*clip)->frames < 0) {
        zt_clip_close(clip);
        *error = (zt_error){ ZT_ERROR_ARGUMENT, "frames: expected a length, got -1 (endless)" };
        status = ZT_ERROR_ARGUMENT;
    }
    return status;
}

/* ---- From a clip to properties ---- */

static void set_media(mlt_properties properties, const ZtClipInfo *info)
{
    mlt_properties_set_int(properties, "meta.media.width", info->width);
    mlt_properties_set_int(properties, "meta.media.height", info->height);
    mlt_properties_set_int(properties, "meta.media.progressive", 1);
    mlt_properties_set_int(properties, "meta.media.frame_rate_num", info->rate.num);
    mlt_properties_set_int(properties, "meta.media.frame_rate_den", info->rate.den);
    mlt_properties_set_int(properties, "meta.media.sample_aspect_num", 1);
    mlt_properties_set_int(properties, "meta.media.sample_aspect_den", 1);
    mlt_properties_set_int(properties, "meta.media.colorspace", 709);
    mlt_properties_set_double(properties, "aspect_ratio", 1.0);
    mlt_properties_set_int(properties, "width", info->width);
    mlt_properties_set_int(properties, "height", info->height);
    mlt_properties_set_int(properties, "progressive", 1);
    mlt_properties_set_int(properties, "seekable", 1);
}

/* With the lock. `out` follows where nobody has set it before the end. */
static void set_length(Producer *self, int64_t length)
{
    mlt_properties properties = MLT_PRODUCER_PROPERTIES(&self->parent);
    mlt_position out = mlt_properties_get_position(properties, "out");
    int follows = out >= length || out == self->length - 1;

    self->length = length;
    setting++;
    mlt_properties_set_position(properties, "length", (mlt_position)length);
    if (follows)
        mlt_properties_set_position(properties, "out", (mlt_position)length - 1);
    setting--;
}

static void say_rate(const ZtClipInfo *info, mlt_profile profile)
{
    zt_rational rate = zt_mlt_rate(profile);

    if (info->rate.num * (int64_t)rate.den != info->rate.den * (int64_t)rate.num)
        mlt_log_info(NULL, "[zoetrope] the clip has %d/%d frames per second, the profile %d/%d\n", info->rate.num,
                     info->rate.den, rate.num, rate.den);
}

/* With the lock. Opens what the properties say now, if something has changed. */
static void refresh(Producer *self)
{
    mlt_properties properties = MLT_PRODUCER_PROPERTIES(&self->parent);
    mlt_profile profile = mlt_service_profile(MLT_PRODUCER_SERVICE(&self->parent));
    ZtClip *before = self->clip;
    const ZtClipInfo *info;

    if (!self->stale && self->profile.num == profile->frame_rate_num && self->profile.den == profile->frame_rate_den)
        return;
    self->stale = 0;
    self->clip = NULL;
    self->failure = (zt_error)ZT_ERROR_INIT;
    self->told = 0;
    self->profile = zt_mlt_rate(profile);
    if (open_clip(self, profile, mlt_properties_get(properties, "mlt_image_format"), &self->clip, &self->failure) < 0) {
        set_length(self, CARD_SECONDS * (int64_t)self->profile.num / self->profile.den);
    } else {
        info = zt_clip_info(self->clip);
        setting++;
        set_media(properties, info);
        setting--;
        say_rate(info, profile);
        set_length(self, zt_mlt_positions(info->frames, self->profile, info->rate));
    }
    zt_clip_close(&before);
}

/* ---- Properties that hosts set ---- */

/* With the lock. Past the end: a longer clip, or, where its length is given, its end. */
static void ask_longer(Producer *self, int64_t positions)
{
    if (positions > self->length) {
        self->positions = positions;
        self->stale = 1;
        refresh(self);
    }
    set_length(self, self->length);
}

/* Kdenlive gives generators the largest length there is, which is not a wish. */
static int64_t as_length(mlt_position length)
{
    return length == INT_MAX ? 0 : length;
}

static int decides_length(ZtClipOption option)
{
    return option == ZT_CLIP_model || option == ZT_CLIP_frames || option == ZT_CLIP_duration ||
           option == ZT_CLIP_storyboard || option == ZT_CLIP_rate;
}

static void on_property(mlt_properties owner, void *producer, mlt_event_data data)
{
    const char *name = mlt_event_data_to_string(data);
    Producer *self = producer;
    ZtClipOption option;

    if (!name || setting)
        return;
    option = zt_clip_option_find(name);
    pthread_mutex_lock(&self->lock);
    if (option != ZT_CLIP_NONE) {
        zt_clip_options_set(&self->options, option, mlt_properties_get(owner, name));
        self->stale = 1;
        if (decides_length(option))
            refresh(self);
    } else if (!strcmp(name, "resource")) {
        free(self->resource);
        self->resource = mlt_properties_get(owner, name) ? strdup(mlt_properties_get(owner, name)) : NULL;
        self->stale = 1;
    } else if (!strcmp(name, "mlt_image_format")) {
        self->stale = 1;
    } else if (!strcmp(name, "out")) {
        ask_longer(self, (int64_t)mlt_properties_get_position(owner, name) + 1);
    } else if (!strcmp(name, "length")) {
        ask_longer(self, as_length(mlt_properties_get_position(owner, name)));
    }
    pthread_mutex_unlock(&self->lock);
}

/* ---- Frames ---- */

static int is_stopped(void *consumer)
{
    return zt_mlt_consumer_stopped(*(uint64_t *)consumer);
}

/* The clip with a reference for the caller, NULL with the reason. */
static ZtClip *use_clip(Producer *self, zt_error *error)
{
    ZtClip *clip;

    pthread_mutex_lock(&self->lock);
    refresh(self);
    clip = self->clip ? zt_clip_ref(self->clip) : NULL;
    *error = self->failure;
    pthread_mutex_unlock(&self->lock);
    return clip;
}

/* A failure, not a wait that the host ended: to the log once, and to who writes a file. */
static void tell(Producer *self, uint64_t consumer, const zt_error *error)
{
    int told;

    if (error->status == ZT_ERROR_CANCELLED)
        return;
    pthread_mutex_lock(&self->lock);
    told = self->told;
    self->told = 1;
    pthread_mutex_unlock(&self->lock);
    if (!told)
        mlt_log_error(MLT_PRODUCER_SERVICE(&self->parent), "%s\n", error->message);
    zt_mlt_consumer_fail(consumer);
}

static int64_t frame_number(mlt_frame frame, mlt_producer producer, const ZtClipInfo *info)
{
    int64_t position = mlt_properties_get_position(MLT_FRAME_PROPERTIES(frame), "original_position");
    zt_rational profile = zt_mlt_rate(mlt_service_profile(MLT_PRODUCER_SERVICE(producer)));
    int64_t number = zt_mlt_frame_at(position, profile, info->rate);

    return number < 0 ? 0 : number < info->frames ? number : info->frames - 1;
}

static int wants_full_range(mlt_frame frame)
{
    const char *range = mlt_properties_get(MLT_FRAME_PROPERTIES(frame), "consumer.color_range");

    return range && (!strcmp(range, "pc") || !strcmp(range, "jpeg") || !strcmp(range, "full"));
}

/* A host that takes its profile from the first clip (mlt_profile_from_producer) asks for a picture that nobody
 * sees, before anything is rendered: not worth a generation, whose format will be another one. */
static int is_question(mlt_frame frame, mlt_profile profile, uint64_t consumer, mlt_image_format format)
{
    const char *rescale = mlt_properties_get(MLT_FRAME_PROPERTIES(frame), "consumer.rescale");

    return !consumer && !profile->is_explicit && format == mlt_image_none && rescale && !strcmp(rescale, "none");
}

static int get_image(mlt_frame frame, uint8_t **image, mlt_image_format *format, int *width, int *height, int writable)
{
    mlt_producer producer = mlt_frame_pop_service(frame);
    Producer *self = producer->child;
    mlt_profile profile = mlt_service_profile(MLT_PRODUCER_SERVICE(producer));
    uint64_t consumer = zt_mlt_consumer_of(frame);
    zt_error error;
    ZtClip *clip = use_clip(self, &error);
    zt_frame *made = NULL;
    int done;

    (void)writable;
    if (is_question(frame, profile, consumer, *format))
        error = (zt_error){ ZT_ERROR_CANCELLED, "the host asks for the size of the clip" };
    else if (clip)
        zt_clip_read(clip, frame_number(frame, producer, zt_clip_info(clip)), is_stopped, &consumer, &made, &error);
    if (made) {
        const ZtEngine *zt = zt_clip_engine(clip);

        done =
            zt_mlt_set_picture(frame, zt->frame_get_info(made), wants_full_range(frame), image, format, width, height);
        zt->frame_unref(&made);
    } else {
        tell(self, consumer, &error);
        mlt_properties_set_double(MLT_FRAME_PROPERTIES(frame), "aspect_ratio", mlt_profile_sar(profile));
        *width = *width > 0 ? *width : profile->width;
        *height = *height > 0 ? *height : profile->height;
        done = zt_mlt_set_card(frame, error.status == ZT_ERROR_CANCELLED ? "zoetrope: stopped" : "zoetrope: no picture",
                               error.message, image, format, *width, *height);
    }
    zt_clip_close(&clip);
    return !done;
}

static int get_audio(mlt_frame frame, void **buffer, mlt_audio_format *format, int *frequency, int *channels,
                     int *samples)
{
    mlt_producer producer = mlt_frame_pop_audio(frame);
    uint64_t consumer = zt_mlt_consumer_of(frame);
    zt_error error;
    ZtClip *clip = use_clip(producer->child, &error);
    int64_t position = mlt_properties_get_position(MLT_FRAME_PROPERTIES(frame), "original_position");
    double fps = mlt_profile_fps(mlt_service_profile(MLT_PRODUCER_SERVICE(producer)));
    int size;

    if (clip && zt_clip_info(clip)->sample_rate > 0) {
        *frequency = zt_clip_info(clip)->sample_rate;
        *channels = zt_clip_info(clip)->channels;
        *samples = mlt_audio_calculate_frame_samples((float)fps, *frequency, position);
    }
    *format = mlt_audio_f32le;
    size = mlt_audio_format_size(*format, *samples, *channels);
    *buffer = mlt_pool_alloc(size);
    memset(*buffer, 0, (size_t)size);
    mlt_frame_set_audio(frame, *buffer, *format, size, mlt_pool_release);
    if (clip && zt_clip_info(clip)->sample_rate > 0 &&
        zt_mlt_read_sound(clip, mlt_audio_calculate_samples_to_position((float)fps, *frequency, position), *samples,
                          is_stopped, &consumer, *buffer, &error) < 0)
        tell(producer->child, consumer, &error);
    zt_clip_close(&clip);
    return 0;
}

static int get_frame(mlt_producer producer, mlt_frame_ptr frame, int index)
{
    Producer *self = producer->child;
    mlt_properties properties;
    zt_error error;
    ZtClip *clip = use_clip(self, &error);

    (void)index;
    *frame = mlt_frame_init(MLT_PRODUCER_SERVICE(producer));
    if (*frame) {
        properties = MLT_FRAME_PROPERTIES(*frame);
        mlt_frame_set_position(*frame, mlt_producer_position(producer));
        mlt_properties_set_position(properties, "original_position", mlt_producer_frame(producer));
        mlt_properties_set_int(properties, "progressive", 1);
        mlt_properties_set_double(properties, "aspect_ratio", 1.0);
        mlt_properties_set_int(properties, "colorspace", 709);
        mlt_properties_set_int(properties, "full_range", 0);
        if (clip)
            set_media(properties, zt_clip_info(clip));
        if (clip && zt_clip_info(clip)->cutout) /* qtblend looks for alpha before it asks for a picture */
            mlt_properties_set_int(properties, "format", mlt_image_rgba);
        mlt_frame_push_service(*frame, producer);
        mlt_frame_push_get_image(*frame, get_image);
        if (clip && zt_clip_info(clip)->sample_rate > 0) {
            mlt_frame_push_audio(*frame, producer);
            mlt_frame_push_audio(*frame, get_audio);
        }
    }
    mlt_producer_prepare_next(producer);
    zt_clip_close(&clip);
    return 0;
}

/* ---- Life ---- */

static void close_producer(mlt_producer producer)
{
    Producer *self = producer->child;

    producer->close = NULL;
    mlt_producer_close(producer);
    zt_clip_close(&self->clip);
    zt_clip_options_clear(&self->options);
    pthread_mutex_destroy(&self->lock);
    free(self->resource);
    free(self);
}

/* What project files keep: a prompt alone would be taken for a file name there, and get a folder. */
static void keep_resource(Producer *self, const char *id, const char *argument)
{
    const char *link = zt_clip_link_find(argument);
    char *text = NULL;

    if (link)
        text = strdup(link);
    else if (!strcmp(zt_mlt_service_name(id), "t2v"))
        text = asprintf(&text, "t2v:%s", argument) < 0 ? NULL : text;
    else
        text = zt_clip_link_write(argument);
    self->resource = text;
    mlt_properties_set(MLT_PRODUCER_PROPERTIES(&self->parent), "resource", text);
}

void *zt_mlt_producer_init(mlt_profile profile, mlt_service_type type, const char *id, char *argument)
{
    Producer *self = calloc(1, sizeof(*self));
    mlt_properties properties;

    (void)type;
    if (!self || mlt_producer_init(&self->parent, self)) {
        free(self);
        return NULL;
    }
    properties = MLT_PRODUCER_PROPERTIES(&self->parent);
    pthread_mutex_init(&self->lock, NULL);
    self->parent.get_frame = get_frame;
    self->parent.close = (mlt_destructor)close_producer;
    self->parent.close_object = self;
    mlt_properties_set_data(properties, "_profile", profile, 0, NULL, NULL);
    self->length = mlt_properties_get_position(properties, "length");
    self->stale = 1;
    if (id[0] == '/') { /* else MLT would call it what it was asked for, with the folder */
        mlt_properties_set(properties, "mlt_service", zt_mlt_service_name(id));
        mlt_properties_set_int(properties, "_mlt_service_hidden", 1);
    }
    if (argument && *argument)
        keep_resource(self, id, argument);
    else
        mlt_properties_set(properties, "resource", "t2v:");
    mlt_events_listen(properties, self, "property-changed", on_property);
    pthread_mutex_lock(&self->lock);
    refresh(self);
    pthread_mutex_unlock(&self->lock);
    return &self->parent;
}
