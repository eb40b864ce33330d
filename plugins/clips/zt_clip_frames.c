/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clip_frames.c - see zt_clip_frames.h
 *
 * A hash table whose entries are also a list in the order of use. */
#include <stdlib.h>
#include <sys/auxv.h>

#include "zt_clip_frames.h"

#define BUCKETS       4096
#define DEFAULT_BOUND ((uint64_t)1 << 30)

typedef struct Entry {
    struct Entry *same_bucket;
    struct Entry *newer, *older;
    const void *clip;
    int64_t number;
    zt_frame *frame;
    uint64_t bytes;
} Entry;

static Entry *buckets[BUCKETS];
static Entry *newest, *oldest;
static uint64_t held; /* bytes */

static Entry **bucket_of(const void *clip, int64_t number)
{
    return &buckets[((uintptr_t)clip / 64 * 31 + (uint64_t)number) % BUCKETS];
}

static Entry *find(const void *clip, int64_t number)
{
    Entry *entry = *bucket_of(clip, number);

    while (entry && (entry->clip != clip || entry->number != number))
        entry = entry->same_bucket;
    return entry;
}

static void unlink_use(Entry *entry)
{
    *(entry->newer ? &entry->newer->older : &newest) = entry->older;
    *(entry->older ? &entry->older->newer : &oldest) = entry->newer;
}

static void link_use(Entry *entry)
{
    entry->newer = NULL;
    entry->older = newest;
    *(newest ? &newest->newer : &oldest) = entry;
    newest = entry;
}

static void forget(const ZtEngine *zt, Entry *entry)
{
    Entry **place = bucket_of(entry->clip, entry->number);

    while (*place != entry)
        place = &(*place)->same_bucket;
    *place = entry->same_bucket;
    unlink_use(entry);
    held -= entry->bytes;
    zt->frame_unref(&entry->frame);
    free(entry);
}

/* At most so many: the rows of chroma count as those of luma. */
static uint64_t bytes_of(const zt_frame_info *info)
{
    uint64_t bytes = sizeof(Entry) + (uint64_t)info->sample_count * (uint64_t)info->channels * sizeof(float);

    for (int plane = 0; plane < 4 && info->data[plane]; plane++)
        bytes += (uint64_t)info->stride[plane] * (uint64_t)info->height;
    return bytes;
}

zt_frame *zt_clip_frames_get(const ZtEngine *zt, const void *clip, int64_t number)
{
    Entry *entry = find(clip, number);

    if (!entry)
        return NULL;
    unlink_use(entry);
    link_use(entry);
    return zt->frame_ref(entry->frame);
}

void zt_clip_frames_put(const ZtEngine *zt, const void *clip, int64_t number, zt_frame *frame)
{
    Entry **bucket = bucket_of(clip, number);
    Entry *entry = find(clip, number) ? NULL : calloc(1, sizeof(*entry));

    if (!entry)
        return;
    *entry = (Entry){ .same_bucket = *bucket, .clip = clip, .number = number };
    entry->frame = zt->frame_ref(frame);
    entry->bytes = bytes_of(zt->frame_get_info(frame));
    *bucket = entry;
    link_use(entry);
    held += entry->bytes;
    while (oldest && held > zt_clip_frames_bound())
        forget(zt, oldest);
}

int zt_clip_frames_any(const void *clip)
{
    for (const Entry *entry = newest; entry; entry = entry->older)
        if (entry->clip == clip)
            return 1;
    return 0;
}

uint64_t zt_clip_frames_bound(void)
{
    static const char suffixes[] = "KMG";
    const char *text = getauxval(AT_SECURE) ? NULL : getenv("ZOETROPE_CLIP_MEMORY");
    uint64_t bytes = 0;

    if (!text || *text < '0' || *text > '9')
        return DEFAULT_BOUND;
    for (; *text >= '0' && *text <= '9' && bytes < (uint64_t)1 << 50; text++)
        bytes = bytes * 10 + (uint64_t)(*text - '0');
    for (int i = 0; suffixes[i]; i++)
        if (*text == suffixes[i])
            return bytes << (10 * (i + 1));
    return bytes;
}
