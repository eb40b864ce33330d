/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * consumers.c - who waits for a frame, and whether it still does; see zt_mlt.h
 *
 * A frame does not know its consumer when its sound, or its first picture, is asked for. But consumers say so
 * when a thread of theirs begins ("consumer-thread-started" comes on that thread), and their making is an event
 * of the factory. A consumer's entry goes when its properties are freed. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "zt_mlt.h"

#define ENTRY    "_zoetrope_watch" /* the property that holds a consumer's entry */
/* Consumers start their thread first and say that they run then: so long "not running" means "not yet". */
#define GRACE_US 1000000

typedef struct Entry {
    struct Entry *next;
    uint64_t id;
    mlt_consumer consumer;
    int64_t started_us; /* when a thread of it began last */
    int ran;            /* it has been seen running since */
} Entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Entry *entries;
static uint64_t last_id;
static _Thread_local uint64_t current; /* the consumer that this thread works for */

/* With the lock. */
static Entry *find(uint64_t id, const void *consumer)
{
    Entry *entry = entries;

    while (entry && (id ? entry->id != id : entry->consumer != consumer))
        entry = entry->next;
    return entry;
}

/* By MLT, when the consumer's properties go. */
static void forget(void *data)
{
    Entry **place = &entries;

    pthread_mutex_lock(&lock);
    while (*place && *place != data)
        place = &(*place)->next;
    if (*place)
        *place = (*place)->next;
    pthread_mutex_unlock(&lock);
    free(data);
}

static int64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void on_started(mlt_properties owner, void *consumer, mlt_event_data data)
{
    Entry *entry = consumer;

    (void)owner, (void)data;
    current = entry->id;
    pthread_mutex_lock(&lock);
    entry->started_us = now_us();
    entry->ran = 0;
    pthread_mutex_unlock(&lock);
}

static void on_stopped(mlt_properties owner, void *entry, mlt_event_data data)
{
    (void)owner, (void)data;
    if (current == ((Entry *)entry)->id)
        current = 0;
}

static void on_created(mlt_properties owner, void *unused, mlt_event_data data)
{
    mlt_factory_event_data *made = mlt_event_data_to_object(data);
    mlt_consumer consumer = made && made->service ? *(mlt_consumer *)made->service : NULL;
    mlt_properties properties;
    Entry *entry;

    (void)owner, (void)unused;
    if (!consumer || mlt_properties_get_data(MLT_CONSUMER_PROPERTIES(consumer), ENTRY, NULL) ||
        !(entry = calloc(1, sizeof(*entry))))
        return;
    properties = MLT_CONSUMER_PROPERTIES(consumer);
    pthread_mutex_lock(&lock);
    *entry = (Entry){ .next = entries, .id = ++last_id, .consumer = consumer };
    entries = entry;
    pthread_mutex_unlock(&lock);
    mlt_properties_set_data(properties, ENTRY, entry, 0, forget, NULL);
    mlt_events_listen(properties, entry, "consumer-thread-started", on_started);
    mlt_events_listen(properties, entry, "consumer-thread-stopped", on_stopped);
    mlt_events_listen(properties, entry, "consumer-stopped", on_stopped);
}

void zt_mlt_watch_consumers(void)
{
    mlt_events_listen(mlt_factory_event_object(), NULL, "consumer-create-done", on_created);
}

uint64_t zt_mlt_consumer_of(mlt_frame frame)
{
    const void *named = mlt_properties_get_data(MLT_FRAME_PROPERTIES(frame), "consumer", NULL);
    uint64_t id = current;

    if (!named)
        return id;
    pthread_mutex_lock(&lock);
    for (const Entry *entry = find(0, named); entry; entry = NULL)
        id = entry->id;
    pthread_mutex_unlock(&lock);
    return id;
}

int zt_mlt_consumer_stopped(uint64_t consumer)
{
    Entry *entry;
    int stopped;

    if (!consumer)
        return 0;
    pthread_mutex_lock(&lock);
    entry = find(consumer, NULL);
    stopped = !entry || mlt_consumer_is_stopped(entry->consumer);
    if (entry && !stopped)
        entry->ran = 1;
    if (entry && !entry->ran && now_us() < entry->started_us + GRACE_US)
        stopped = 0;
    pthread_mutex_unlock(&lock);
    return stopped;
}

void zt_mlt_consumer_fail(uint64_t consumer)
{
    mlt_properties properties = NULL;

    pthread_mutex_lock(&lock);
    for (const Entry *entry = find(consumer, NULL); consumer && entry; entry = NULL)
        properties = MLT_CONSUMER_PROPERTIES(entry->consumer);
    pthread_mutex_unlock(&lock);
    /* It cannot go meanwhile: it waits for this thread before it closes. */
    if (properties && mlt_properties_get_int(properties, "real_time") <= 0)
        mlt_events_fire(properties, "consumer-fatal-error", mlt_event_data_none());
}
