/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clips.c - see zt_clips.h
 *
 * One lock over the table, the kept frames and the state of each clip. Whoever misses a frame and finds nobody
 * at it reads the session, without the lock; the others wait for what it brings. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zt_clip_frames.h"
#include "zt_clip_plan.h"
#include "zt_clips.h"
#include "zt_stage.h"

#define SLICE_US    20000   /* the longest that a wait outlives stop() */
#define REPORT_US   2000000 /* how often a wait says where it stands; each fifth time aloud */
#define IDLE_US     5000000 /* how long a generation outlives its last handle */
#define REPORT_LOUD 5
#define EXIT_SLICES 500 /* of waiting for readers when the process ends */

struct ZtClip {
    ZtClip *next;
    ZtClipPlan plan; /* what it is; does not change */

    int users;
    int64_t idle_since_us; /* where users is 0 */
    zt_model *model;       /* NULL once idle for long */
    int reading;           /* somebody reads the session */
    zt_session *session;   /* NULL before the first read, and after the end */
    int64_t session_next;  /* number of the next frame it gives */
    int begun;             /* it is not the first one */
    int64_t seed;          /* the one drawn where options ask for a random one, else -1 */
    zt_error failure;      /* what ended the generation */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER; /* a frame came, a clip became idle, or it ends */
static ZtClip *clips;
static int reaping; /* the thread that ends idle generations runs */
static int closing; /* the process ends */

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* With the lock, which is given back meanwhile. */
static void wait_slice(int64_t slice_us)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += slice_us % 1000000 * 1000;
    until.tv_sec += slice_us / 1000000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&changed, &lock, &until);
}

/* ---- Ending what nobody uses ---- */

/* With the lock, which is given back meanwhile: ending waits for a worker. */
static void end_generation(ZtClip *clip)
{
    zt_session *session = clip->session;
    zt_model *model = clip->model;

    clip->session = NULL;
    clip->model = NULL;
    clip->reading++; /* nobody begins another one meanwhile */
    pthread_mutex_unlock(&lock);
    clip->plan.zt->session_destroy(&session);
    clip->plan.zt->model_unref(&model);
    pthread_mutex_lock(&lock);
    clip->reading--;
    pthread_cond_broadcast(&changed);
}

/* With the lock. Clips without handle, generation and frames leave the table. */
static void drop_empty(void)
{
    ZtClip **place = &clips;

    while (*place) {
        ZtClip *clip = *place;

        if (clip->users || clip->reading || clip->session || clip->model || zt_clip_frames_any(clip)) {
            place = &clip->next;
        } else {
            *place = clip->next;
            zt_clip_plan_clear(&clip->plan);
            free(clip);
        }
    }
}

/* With the lock. The first idle clip whose time is over; *left_us: until the next one's. */
static ZtClip *find_idle(int64_t *left_us)
{
    *left_us = -1;
    for (ZtClip *clip = clips; clip; clip = clip->next) {
        int64_t left = clip->idle_since_us + IDLE_US - now_us();

        if (clip->users || clip->reading || !clip->model)
            continue;
        if (left <= 0 || closing)
            return clip;
        if (*left_us < 0 || left < *left_us)
            *left_us = left;
    }
    return NULL;
}

static void *reap(void *unused)
{
    int64_t left_us;

    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        ZtClip *clip = find_idle(&left_us);

        if (clip)
            end_generation(clip);
        else if (left_us < 0 || closing)
            break;
        else
            wait_slice(left_us);
    }
    drop_empty();
    reaping = 0;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* With the lock. Without a thread to do it later, now. */
static void start_reaping(ZtClip *clip)
{
    pthread_t thread;

    if (reaping) {
        pthread_cond_broadcast(&changed);
    } else if (!closing && !pthread_create(&thread, NULL, reap, NULL)) {
        pthread_detach(thread);
        reaping = 1;
    } else {
        end_generation(clip);
    }
}

/* With the lock. */
static ZtClip *find_running(void)
{
    ZtClip *clip = clips;

    while (clip && !clip->session && !clip->model)
        clip = clip->next;
    return clip;
}

/* Before the engine's own destructors: no worker may run into them. */
static void close_all(void)
{
    ZtClip *clip;

    pthread_mutex_lock(&lock);
    closing = 1;
    pthread_cond_broadcast(&changed);
    while (reaping)
        pthread_cond_wait(&changed, &lock);
    for (int slices = 0; (clip = find_running()) && slices < EXIT_SLICES; slices++) {
        if (clip->reading)
            wait_slice(SLICE_US); /* its reader sees that the process ends */
        else
            end_generation(clip);
    }
    pthread_mutex_unlock(&lock);
}

static void close_at_exit(void)
{
    atexit(close_all);
}

/* ---- Handles ---- */

/* With the lock. */
static ZtClip *find_clip(const ZtClipPlan *plan)
{
    ZtClip *clip = clips;

    while (clip && strcmp(clip->plan.key, plan->key))
        clip = clip->next;
    return clip;
}

zt_status zt_clip_open(const ZtClipAsk *ask, ZtClip **clip, zt_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ZtClip *found, *made = calloc(1, sizeof(*made));
    zt_model *model = NULL;
    ZtClipPlan plan;
    zt_status status = zt_clip_plan_make(ask, &plan, &model, error);

    *clip = NULL;
    if (status < 0) {
        free(made);
        return status;
    }
    pthread_once(&once, close_at_exit);
    pthread_mutex_lock(&lock);
    found = find_clip(&plan);
    if (!found && made) {
        made->plan = plan;
        made->seed = -1;
        made->next = clips;
        clips = found = made;
        plan = (ZtClipPlan){ .zt = made->plan.zt };
        made = NULL;
    }
    if (found) {
        found->users++;
        found->failure = (zt_error)ZT_ERROR_INIT;
        if (!found->model) {
            found->model = model;
            model = NULL;
        }
    }
    pthread_mutex_unlock(&lock);
    plan.zt->model_unref(&model);
    zt_clip_plan_clear(&plan);
    free(made);
    *clip = found;
    if (!found)
        *error = (zt_error){ ZT_ERROR_MEMORY, "memory: expected some, got none" };
    return found ? ZT_OK : ZT_ERROR_MEMORY;
}

ZtClip *zt_clip_ref(ZtClip *clip)
{
    pthread_mutex_lock(&lock);
    clip->users++;
    pthread_mutex_unlock(&lock);
    return clip;
}

void zt_clip_close(ZtClip **clip)
{
    ZtClip *closed = *clip;

    *clip = NULL;
    if (!closed)
        return;
    pthread_mutex_lock(&lock);
    if (!--closed->users) {
        closed->idle_since_us = now_us();
        start_reaping(closed);
    }
    pthread_mutex_unlock(&lock);
}

const ZtClipInfo *zt_clip_info(const ZtClip *clip)
{
    return &clip->plan.info;
}

const ZtEngine *zt_clip_engine(const ZtClip *clip)
{
    return clip->plan.zt;
}

/* ---- Frames ---- */

typedef struct Wait {
    int (*stop)(void *opaque);
    void *opaque;
    ZtClipWait *since;
} Wait;

/* Without the lock, by the one who reads. */
static void drop_session(ZtClip *clip)
{
    zt_session *session;

    pthread_mutex_lock(&lock);
    session = clip->session;
    clip->session = NULL; /* nobody asks it for its progress any more */
    pthread_mutex_unlock(&lock);
    clip->plan.zt->session_destroy(&session);
}

static void say_begin(const zt_session_info *info, int64_t number)
{
    char line[200];

    snprintf(line, sizeof(line), "generates %dx%d at %d/%d, frames %lld to %lld, seed %lld, %d steps", info->width,
             info->height, info->rate.num, info->rate.den, (long long)number, (long long)info->frames,
             (long long)info->seed, info->steps);
    zt_clip_plan_log(ZT_LOG_INFO, line);
}

/* Where a session begins that is to lead to a frame. The frames before it are made in any case: the first session
 * hands them out, too, if there is room to keep them, so that a seek back finds them. */
static int64_t first_frame(const ZtClip *clip, int64_t number)
{
    uint64_t pixels = (uint64_t)clip->plan.info.width * (uint64_t)clip->plan.info.height;

    return !clip->begun && (uint64_t)number < zt_clip_frames_bound() / (3 * pixels) ? 0 : number;
}

/* Without the lock, by the one who reads. A session that leads to the frame; what ran elsewhere ends. */
static zt_status begin(ZtClip *clip, int64_t number, zt_error *error)
{
    const ZtEngine *zt = clip->plan.zt;
    zt_session *session = NULL;
    zt_status status;

    if (clip->session && clip->session_next <= number)
        return ZT_OK;
    drop_session(clip);
    number = first_frame(clip, number);
    status = zt_clip_plan_begin(&clip->plan, clip->model, number, clip->seed, &session, error);
    if (status < 0)
        return status;
    say_begin(zt->session_get_info(session), number);
    pthread_mutex_lock(&lock);
    clip->session = session;
    clip->session_next = number;
    clip->begun = 1;
    clip->seed = zt->session_get_info(session)->seed;
    pthread_mutex_unlock(&lock);
    return ZT_OK;
}

/* Without the lock, by the one who reads. One frame of the session, in a slice of time; a reference in *frame
 * where it is the one wanted. */
static zt_status read_one(ZtClip *clip, int64_t number, zt_frame **frame, zt_error *error)
{
    const ZtEngine *zt = clip->plan.zt;
    zt_status status = begin(clip, number, error);

    if (status >= 0)
        status = zt->session_read(clip->session, SLICE_US, frame, error);
    if (status == ZT_END) {
        snprintf(error->message, sizeof(error->message), "frames: expected frame %lld, got the end of the clip",
                 (long long)number);
        status = ZT_ERROR_INTERNAL;
    }
    if (status < 0)
        drop_session(clip);
    if (status != ZT_OK)
        return status;
    pthread_mutex_lock(&lock);
    clip->session_next = zt->frame_get_info(*frame)->pts + 1;
    zt_clip_frames_put(zt, clip, clip->session_next - 1, *frame);
    pthread_mutex_unlock(&lock);
    if (clip->session_next - 1 != number)
        zt->frame_unref(frame);
    return ZT_OK;
}

/* With the lock, which is given back meanwhile: reads, or lets another read. */
static void bring(ZtClip *clip, int64_t number, zt_frame **frame)
{
    zt_error error = ZT_ERROR_INIT;
    zt_status status;

    if (clip->reading) {
        wait_slice(SLICE_US);
        return;
    }
    clip->reading++;
    pthread_mutex_unlock(&lock);
    status = read_one(clip, number, frame, &error);
    pthread_mutex_lock(&lock);
    clip->reading--;
    if (status < 0) {
        error.status = status;
        clip->failure = error;
    }
    pthread_cond_broadcast(&changed);
}

/* Says where a long wait stands; without the lock. */
static void report(ZtClip *clip, int64_t number, Wait *wait)
{
    char text[ZT_STAGE_TEXT], line[200];

    if (now_us() < wait->since->began_us + (wait->since->reports + 1) * (int64_t)REPORT_US)
        return;
    zt_clip_progress(clip, number, text, sizeof(text));
    snprintf(line, sizeof(line), "waiting for frame %lld: %s", (long long)number, text);
    zt_clip_plan_log(++wait->since->reports % REPORT_LOUD ? ZT_LOG_INFO : ZT_LOG_WARNING, line);
}

/* With the lock. Why the wait ends; OK: it goes on. */
static zt_status reason_to_end(ZtClip *clip, int64_t number, Wait *wait, zt_error *error)
{
    int64_t timeout_us = clip->plan.timeout_us;
    int stop;

    if (clip->failure.status) {
        *error = clip->failure;
        return clip->failure.status;
    }
    pthread_mutex_unlock(&lock);
    stop = wait->stop && wait->stop(wait->opaque);
    report(clip, number, wait);
    pthread_mutex_lock(&lock);
    if (stop || closing) {
        *error = (zt_error){ ZT_ERROR_CANCELLED, "cancelled by the host" };
        return ZT_ERROR_CANCELLED;
    }
    if (timeout_us > 0 && now_us() - wait->since->began_us > timeout_us) {
        error->status = ZT_AGAIN;
        snprintf(error->message, sizeof(error->message), "timeout: expected a frame within %lld ms, got none",
                 (long long)(timeout_us / 1000));
        return ZT_AGAIN;
    }
    return ZT_OK;
}

zt_status zt_clip_read(ZtClip *clip, int64_t number, int (*stop)(void *opaque), void *opaque, zt_frame **frame,
                       zt_error *error)
{
    ZtClipWait since = { 0 };

    return zt_clip_read_on(clip, number, &since, stop, opaque, frame, error);
}

zt_status zt_clip_read_on(ZtClip *clip, int64_t number, ZtClipWait *since, int (*stop)(void *opaque), void *opaque,
                          zt_frame **frame, zt_error *error)
{
    Wait wait = { .stop = stop, .opaque = opaque, .since = since };
    zt_status status = ZT_OK;

    if (!since->began_us)
        since->began_us = now_us();
    *frame = NULL;
    pthread_mutex_lock(&lock);
    while (!*frame && !(*frame = zt_clip_frames_get(clip->plan.zt, clip, number)) &&
           !(status = reason_to_end(clip, number, &wait, error)))
        bring(clip, number, frame);
    pthread_mutex_unlock(&lock);
    if (*frame)
        *since = (ZtClipWait){ 0 };
    return status;
}

double zt_clip_progress(ZtClip *clip, int64_t number, char *text, size_t size)
{
    zt_progress now = { .struct_size = sizeof(now) };
    double done = 0;

    snprintf(text, size, "begins");
    pthread_mutex_lock(&lock);
    if (clip->session && clip->plan.zt->session_get_progress(clip->session, &now) >= 0) {
        double step = now.steps > 0 ? (double)now.step / now.steps : 0;

        zt_stage_text(&now, text, size);
        done = number > 0 ? (double)now.frames_done / (double)(number + 1) : 0;
        done = done > step ? done : step;
    }
    pthread_mutex_unlock(&lock);
    return done < 1 ? done : 1;
}
