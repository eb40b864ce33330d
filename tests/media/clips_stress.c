/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * clips_stress.c - many threads that open, read in any order, give up and close clips of one process
 *
 *   clips_stress THREADS ROUNDS
 *
 * Two clips of the test card, opened again in each round. Every frame must have its number and, whenever it was made,
 * the same pixels. Prints "reads N bad N"; ends with 1 if any is bad. ZOETROPE_CLIP_MEMORY decides how much is made
 * again. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zt_clips.h"

#define FRAMES 150
#define READS 20
#define MOST 32
#define GIVES_UP_IN 200 /* polls of a wait */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t sums[2][FRAMES]; /* of the pixels, 0 = not seen yet */
static int reads, bad, rounds;

static int gives_up(void* seed) { return rand_r(seed) % GIVES_UP_IN == 0; }

static uint32_t sum_of(const zt_frame_info* info) {
    uint32_t sum = 1;

    for (int y = 0; y < info->height; y += 3)
        for (int x = 0; x < info->width; x++) sum = sum * 31 + info->data[0][y * info->stride[0] + x];
    return sum;
}

static void compare(const zt_frame_info* info, int64_t number, int which) {
    uint32_t sum = sum_of(info);

    pthread_mutex_lock(&lock);
    reads++;
    if (!sums[which][number]) sums[which][number] = sum;
    bad += info->pts != number || sums[which][number] != sum;
    pthread_mutex_unlock(&lock);
}

static void fail(const zt_error* error) {
    pthread_mutex_lock(&lock);
    bad++;
    printf("%s\n", error->message);
    pthread_mutex_unlock(&lock);
}

static void read_one(ZtClip* clip, unsigned* seed, int which) {
    const ZtEngine* zt = zt_clip_engine(clip);
    int64_t number = rand_r(seed) % FRAMES;
    zt_error error = ZT_ERROR_INIT;
    zt_frame* frame = NULL;
    char text[64];

    if (zt_clip_read(clip, number, gives_up, seed, &frame, &error) < 0 && error.status != ZT_ERROR_CANCELLED)
        fail(&error);
    if (frame) compare(zt->frame_get_info(frame), number, which);
    zt->frame_unref(&frame);
    zt_clip_progress(clip, number, text, sizeof(text));
}

static void* run(void* argument) {
    unsigned seed = (unsigned)(size_t)argument;

    for (int round = 0; round < rounds; round++) {
        int which = (int)((seed + (unsigned)round) % 2);
        ZtClipOptions options = {{NULL}};
        ZtClipAsk ask = {.options = &options, .format = ZT_PIXEL_YUV420P};
        zt_error error = ZT_ERROR_INIT;
        ZtClip* clip;

        zt_clip_options_set(&options, ZT_CLIP_model, "testcard");
        zt_clip_options_set(&options, ZT_CLIP_prompt, "a red fox");
        zt_clip_options_set(&options, ZT_CLIP_frames, "150");
        zt_clip_options_set(&options, ZT_CLIP_seed, which ? "4" : "0");
        if (zt_clip_open(&ask, &clip, &error) < 0) fail(&error);
        for (int i = 0; clip && i < READS; i++) read_one(clip, &seed, which);
        zt_clip_close(&clip);
        zt_clip_options_clear(&options);
    }
    return NULL;
}

int main(int argc, char** argv) {
    pthread_t threads[MOST];
    int count = argc > 2 ? atoi(argv[1]) : 4;

    rounds = argc > 2 ? atoi(argv[2]) : 10;
    for (int i = 0; i < count && i < MOST; i++) pthread_create(&threads[i], NULL, run, (void*)(size_t)(i + 1));
    for (int i = 0; i < count && i < MOST; i++) pthread_join(threads[i], NULL);
    printf("reads %d bad %d\n", reads, bad);
    return bad != 0;
}
