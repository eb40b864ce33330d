/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clip_plan.c - see zt_clip_plan.h */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zt_clip_plan.h"

static void (*host_log)(zt_log_level level, const char *message);

void zt_clips_set_log(void (*log)(zt_log_level level, const char *message))
{
    host_log = log;
}

void zt_clip_plan_log(zt_log_level level, const char *message)
{
    if (host_log)
        host_log(level, message);
}

static void engine_log(void *opaque, zt_log_level level, const char *message)
{
    (void)opaque;
    zt_clip_plan_log(level, message);
}

void zt_clip_plan_clear(ZtClipPlan *plan)
{
    free(plan->key);
    zt_clip_options_clear(&plan->options);
    *plan = (ZtClipPlan){ .zt = plan->zt };
}

static double distance(zt_rational a, zt_rational b)
{
    double rate = (double)a.num / a.den - (double)b.num / b.den;

    return rate < 0 ? -rate : rate;
}

/* Whether the rate is a whole number of times the other. */
static int is_multiple(zt_rational rate, zt_rational of)
{
    return (int64_t)rate.num * of.den % ((int64_t)of.num * rate.den) == 0;
}

/* The rate itself; else the lowest one of which each second, third ... frame is taken; else the nearest. */
static zt_rational choose_rate(const zt_model_info *model, zt_rational wanted)
{
    zt_rational best = model->rates[0];
    int best_is_multiple = is_multiple(best, wanted);

    for (const zt_rational *rate = model->rates; rate->num; rate++) {
        int multiple = is_multiple(*rate, wanted);

        if (multiple > best_is_multiple ||
            (multiple == best_is_multiple && distance(*rate, wanted) < distance(best, wanted))) {
            best = *rate;
            best_is_multiple = multiple;
        }
    }
    return best;
}

static int fits(int side, int min, int max, int step)
{
    return side >= min && side <= max && (side - min) % (step > 0 ? step : 1) == 0;
}

/* What the host would like, where the options leave it open. */
static void fill_in(const ZtClipAsk *ask, const zt_model_info *model, zt_request *request)
{
    if (!request->rate.num && ask->rate.num > 0 && ask->rate.den > 0)
        request->rate = choose_rate(model, ask->rate);
    if (!request->width && fits(ask->width, model->min_width, model->max_width, model->size_step) &&
        fits(ask->height, model->min_height, model->max_height, model->size_step)) {
        request->width = ask->width;
        request->height = ask->height;
    }
    if (ask->least_frames < 0 && model->endless && !zt_clip_options_have_length(ask->options))
        request->frames = -1;
    request->format = request->cutout ? ask->cutout_format : ask->format;
}

/* The shortest clip of the model that has so many frames. */
static int64_t round_up(const zt_model_info *model, int64_t frames)
{
    int64_t step = model->frames_step > 0 ? model->frames_step : 1;
    int64_t most = INT_MAX - step - model->frames_offset;

    if (frames > most)
        frames = most;
    return (frames - model->frames_offset + step - 1) / step * step + model->frames_offset;
}

static zt_status plan_request(const ZtClipAsk *ask, const ZtEngine *zt, zt_model *model, zt_request *request,
                              zt_session_info *info, zt_error *error)
{
    zt_status status;

    *info = (zt_session_info){ .struct_size = sizeof(*info) };
    fill_in(ask, zt->model_get_info(model), request);
    status = zt->session_plan(model, request, info, error);
    if (status < 0 || zt_clip_options_have_length(ask->options) || info->frames < 0 ||
        ask->least_frames <= info->frames)
        return status;
    request->frames = round_up(zt->model_get_info(model), ask->least_frames);
    return zt->session_plan(model, request, info, error);
}

static zt_status out_of_memory(zt_error *error)
{
    *error = (zt_error){ ZT_ERROR_MEMORY, "memory: expected some, got none" };
    return ZT_ERROR_MEMORY;
}

/* The key: the options, and what they became. */
static zt_status write_key(ZtClipPlan *plan, const zt_session_info *info, zt_error *error)
{
    size_t head = 160, rest = zt_clip_options_key(&plan->options, NULL, 0) + 256; /* a file may change its line */
    int used;

    plan->key = malloc(head + rest);
    if (!plan->key)
        return out_of_memory(error);
    used = snprintf(plan->key, head, "%dx%d %d/%d %lld %d %d %.17g\n", info->width, info->height, info->rate.num,
                    info->rate.den, (long long)info->frames, (int)info->format, info->steps, info->guidance);
    if (zt_clip_options_key(&plan->options, plan->key + used, head + rest - (size_t)used) < head + rest - (size_t)used)
        return ZT_OK;
    return out_of_memory(error);
}

static zt_status finish(const ZtClipAsk *ask, const zt_session_info *info, int cutout, ZtClipPlan *plan,
                        zt_error *error)
{
    plan->info = (ZtClipInfo){ info->width,  info->height,      info->rate,     info->frames,
                               info->format, info->sample_rate, info->channels, cutout };
    if (!zt_clip_options_merge(&plan->options, ask->options))
        return out_of_memory(error);
    return write_key(plan, info, error);
}

zt_status zt_clip_plan_make(const ZtClipAsk *ask, ZtClipPlan *plan, zt_model **model, zt_error *error)
{
    const char *sentence = NULL;
    const ZtEngine *zt = zt_loader_get(&sentence);
    zt_model_params params;
    zt_session_info info;
    zt_request request;
    zt_status status;

    *plan = (ZtClipPlan){ .zt = zt };
    *model = NULL;
    if (!zt) {
        error->status = ZT_ERROR_INTERNAL;
        snprintf(error->message, sizeof(error->message), "%s", sentence);
        return ZT_ERROR_INTERNAL;
    }
    status = zt_clip_options_apply(ask->options, zt, &params, &request, error);
    params.log = engine_log;
    if (status >= 0)
        status = zt->model_open(&params, model, error);
    if (status >= 0)
        status = plan_request(ask, zt, *model, &request, &info, error);
    plan->timeout_us = request.timeout_us;
    if (status >= 0)
        status = finish(ask, &info, request.cutout, plan, error);
    if (status < 0) {
        zt->model_unref(model);
        zt_clip_plan_clear(plan);
    }
    return status;
}

zt_status zt_clip_plan_begin(const ZtClipPlan *plan, zt_model *model, int64_t number, int64_t seed,
                             zt_session **session, zt_error *error)
{
    zt_model_params params;
    zt_request request;
    zt_status status = zt_clip_options_apply(&plan->options, plan->zt, &params, &request, error);

    if (status < 0)
        return status;
    request.width = plan->info.width;
    request.height = plan->info.height;
    request.rate = plan->info.rate;
    request.frames = plan->info.frames;
    request.duration_us = 0;
    request.format = plan->info.format;
    request.start_frame = number;
    if (request.seed == -1 && seed >= 0)
        request.seed = seed;
    return plan->zt->session_create(model, &request, session, error);
}
