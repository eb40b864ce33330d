/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zoetrope.c - the frei0r generator zoetrope
 *
 * frei0r (API 1.2) knows a size, parameters that are text or 0..1, and a time: no rate, length, end, error or
 * log. So a fault is a card in the picture, the clip is endless where the model can be, and all instances of a
 * process that ask for the same clip share one generation (plugins/clips): hosts make several, one a thread. */
#define _GNU_SOURCE
#include <frei0r.h>
#include <link.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scale.h"
#include "zt_clip_card.h"
#include "zt_clip_link.h"
#include "zt_clips.h"

#define ASYNC_US 2000000 /* the longest wait with async */
#define EARLY    1e-3    /* of a frame: a time rounded down still means the frame that begins then */

/* By number; the first five are in the order that hosts without names use. */
static const struct {
    const char *name, *help;
    ZtClipOption option; /* NONE: async */
} params[] = {
    { "prompt", "What to show, English or Chinese; or a t2v: link", ZT_CLIP_prompt },
    { "seed", "Same seed, same frames", ZT_CLIP_seed },
    { "steps", "Denoising steps; empty = the model's own", ZT_CLIP_steps },
    { "model", "Built-in model, or a folder or file of weights; empty = the built-in one", ZT_CLIP_model },
    { "async", "Show how far it is after two seconds instead of waiting; for previews only", ZT_CLIP_NONE },
    { "frames", "Length; empty = endless where the model can be", ZT_CLIP_frames },
    { "rate", "Frames per second of the model; empty = its own", ZT_CLIP_rate },
};
#define PARAMS ((int)(sizeof(params) / sizeof(params[0])))

typedef struct Instance {
    pthread_mutex_t lock; /* over all; hosts call one instance from several threads */
    int width, height;
    ZtClipOptions options;
    int async;
    int stale;    /* something changed since the clip was opened */
    ZtClip *clip; /* NULL after a failure */
    zt_error failure;
    int64_t calls;    /* of update */
    double last_time; /* of the call before */
    int counts;       /* the host's time is in milliseconds: frames are counted */
} Instance;

#define EXPORT __attribute__((visibility("default")))

EXPORT int f0r_init(void)
{
    return 1;
}

EXPORT void f0r_deinit(void)
{
}

EXPORT void f0r_get_plugin_info(f0r_plugin_info_t *info)
{
    *info = (f0r_plugin_info_t){
        .name = "zoetrope",
        .author = "Zoetrope",
        .plugin_type = F0R_PLUGIN_TYPE_SOURCE,
        .color_model = F0R_COLOR_MODEL_RGBA8888,
        .frei0r_version = FREI0R_MAJOR_VERSION,
        .major_version = 0,
        .minor_version = 1,
        .num_params = PARAMS,
        .explanation = "Makes a clip from a sentence",
    };
}

EXPORT void f0r_get_param_info(f0r_param_info_t *info, int index)
{
    if (index < 0 || index >= PARAMS)
        return;
    info->name = params[index].name;
    info->explanation = params[index].help;
    info->type = params[index].option == ZT_CLIP_NONE ? F0R_PARAM_BOOL : F0R_PARAM_STRING;
}

/* Called to list plugins, too: loads nothing. */
EXPORT f0r_instance_t f0r_construct(unsigned int width, unsigned int height)
{
    Instance *self = width && height ? calloc(1, sizeof(*self)) : NULL;

    if (!self)
        return NULL;
    pthread_mutex_init(&self->lock, NULL);
    self->width = (int)width;
    self->height = (int)height;
    self->stale = 1;
    return self;
}

EXPORT void f0r_destruct(f0r_instance_t instance)
{
    Instance *self = instance;

    if (!self)
        return;
    zt_clip_close(&self->clip);
    zt_clip_options_clear(&self->options);
    pthread_mutex_destroy(&self->lock);
    free(self);
}

/* Hosts set every parameter for every frame. */
EXPORT void f0r_set_param_value(f0r_instance_t instance, f0r_param_t value, int index)
{
    Instance *self = instance;
    ZtClipOption option;
    const char *text, *before;

    if (index < 0 || index >= PARAMS)
        return;
    option = params[index].option;
    pthread_mutex_lock(&self->lock);
    if (option == ZT_CLIP_NONE) {
        self->async = *(const double *)value >= 0.5;
    } else {
        text = *(char *const *)value;
        before = self->options.values[option];
        if (strcmp(before ? before : "", text ? text : "")) {
            zt_clip_options_set(&self->options, option, text);
            self->stale = 1;
        }
    }
    pthread_mutex_unlock(&self->lock);
}

EXPORT void f0r_get_param_value(f0r_instance_t instance, f0r_param_t value, int index)
{
    static char empty[] = "";
    Instance *self = instance;

    if (index < 0 || index >= PARAMS)
        return;
    pthread_mutex_lock(&self->lock);
    if (params[index].option == ZT_CLIP_NONE)
        *(double *)value = self->async;
    else if (self->options.values[params[index].option])
        *(char **)value = self->options.values[params[index].option];
    else
        *(char **)value = empty;
    pthread_mutex_unlock(&self->lock);
}

/* ---- Which frame ---- */

static int is_mlt(struct dl_phdr_info *info, size_t size, void *found)
{
    const char *slash = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;

    (void)size;
    if (slash && !strncmp(slash, "/libmlt-", strlen("/libmlt-")))
        *(int *)found = 1;
    return *(int *)found;
}

/* FFmpeg gives whole milliseconds, and frames in order; MLT gives seconds, and any order. */
static int64_t frame_number(Instance *self, double time, const ZtClipInfo *info)
{
    int64_t call = self->calls++, number;
    int in_mlt = 0;

    if (call == 1 && self->last_time == 0 && time > 1 && time == floor(time)) {
        dl_iterate_phdr(is_mlt, &in_mlt);
        self->counts = !in_mlt;
    }
    self->last_time = time;
    number = self->counts ? call : (int64_t)floor(time * info->rate.num / info->rate.den + EARLY);
    if (number < 0)
        number = 0;
    return info->frames >= 0 && number >= info->frames ? info->frames - 1 : number;
}

/* ---- Pictures ---- */

/* With the instance's lock. */
static void refresh(Instance *self)
{
    ZtClipOptions all = { { NULL } };
    ZtClipAsk ask = { .options = &all, .format = ZT_PIXEL_RGB24, .cutout_format = ZT_PIXEL_RGBA, .least_frames = -1 };
    const char *link =
        self->options.values[ZT_CLIP_prompt] ? zt_clip_link_find(self->options.values[ZT_CLIP_prompt]) : NULL;
    const ZtEngine *zt = link ? zt_loader_get(NULL) : NULL;
    ZtClip *before = self->clip;
    zt_status status = ZT_OK;

    if (!self->stale)
        return;
    self->stale = 0;
    self->clip = NULL;
    self->failure = (zt_error)ZT_ERROR_INIT;
    ask.width = self->width;
    ask.height = self->height;
    zt_clip_options_merge(&all, &self->options);
    if (link && zt) {
        zt_clip_options_set(&all, ZT_CLIP_prompt, NULL);
        status = zt_clip_link_read(link, zt, &all, &self->failure);
    }
    if (status >= 0)
        zt_clip_open(&ask, &self->clip, &self->failure);
    zt_clip_options_clear(&all);
    zt_clip_close(&before);
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int is_late(void *until_us)
{
    return *(int64_t *)until_us && now_us() > *(int64_t *)until_us;
}

static void show_progress(Instance *self, int64_t number, uint8_t *out)
{
    char text[64];
    double done = zt_clip_progress(self->clip, number, text, sizeof(text));

    zt_clip_card(out, self->width, self->height, "zoetrope", text, done);
}

static void show(Instance *self, int64_t number, uint8_t *out)
{
    int64_t until_us = self->async ? now_us() + ASYNC_US : 0;
    const ZtEngine *zt = zt_clip_engine(self->clip);
    zt_error error = ZT_ERROR_INIT;
    zt_frame *frame = NULL;

    zt_clip_read(self->clip, number, is_late, &until_us, &frame, &error);
    if (frame) {
        const zt_frame_info *info = zt->frame_get_info(frame);
        int channels = info->format == ZT_PIXEL_RGBA ? 4 : 3;
        ZtRgbPicture picture = { info->data[0], info->stride[0], info->width, info->height, channels };

        if (!zt_scale_to_fill(&picture, out, self->width, self->height))
            zt_clip_card(out, self->width, self->height, "zoetrope: no picture", "memory: expected some, got none", -1);
        zt->frame_unref(&frame);
    } else if (error.status == ZT_ERROR_CANCELLED) {
        show_progress(self, number, out);
    } else {
        zt_clip_card(out, self->width, self->height, "zoetrope: no picture", error.message, -1);
    }
}

EXPORT void f0r_update(f0r_instance_t instance, double time, const uint32_t *unused, uint32_t *out)
{
    Instance *self = instance;

    (void)unused;
    pthread_mutex_lock(&self->lock);
    refresh(self);
    if (self->clip)
        show(self, frame_number(self, time, zt_clip_info(self->clip)), (uint8_t *)out);
    else
        zt_clip_card((uint8_t *)out, self->width, self->height, "zoetrope: no picture", self->failure.message, -1);
    pthread_mutex_unlock(&self->lock);
}
