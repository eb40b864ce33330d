/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * factory.c - the MLT module zoetrope
 *
 * Loading it only registers names: the engine, and LibTorch with it, is mapped when the first producer is made. */
#include <string.h>

#include "zt_mlt.h"

static const char *const names[] = { "zoetrope", "t2v" };

static void log_line(zt_log_level level, const char *message)
{
    static const int levels[] = { MLT_LOG_FATAL, MLT_LOG_ERROR,   MLT_LOG_WARNING,
                                  MLT_LOG_INFO,  MLT_LOG_VERBOSE, MLT_LOG_DEBUG };

    mlt_log(NULL, levels[level <= ZT_LOG_DEBUG ? level : ZT_LOG_DEBUG], "[zoetrope] %s\n", message);
}

/* MLT takes what a timewarp plays for a file name and puts the project's folder in front of it, so that a saved
 * "2.0:t2v:///fox" asks for the producer "/folder/t2v" with "///fox". A name of that kind is registered when somebody
 * asks for it: to make the producer here and now would do without the profile, which the event does not tell. */
static void on_wanted(mlt_properties owner, void *repository, mlt_event_data data)
{
    const mlt_factory_event_data *wanted = mlt_event_data_to_object(data);
    const char *name = wanted && wanted->name && wanted->name[0] == '/' ? zt_mlt_service_name(wanted->name) : "";

    (void)owner;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(name, names[i]) &&
            !mlt_properties_get_data(mlt_repository_producers(repository), wanted->name, NULL))
            MLT_REGISTER(mlt_service_producer_type, wanted->name, zt_mlt_producer_init);
}

__attribute__((visibility("default"))) MLT_REPOSITORY
{
    zt_clips_set_log(log_line);
    zt_mlt_watch_consumers();
    mlt_events_listen(mlt_factory_event_object(), repository, "producer-create-request", on_wanted);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        MLT_REGISTER(mlt_service_producer_type, names[i], zt_mlt_producer_init);
        MLT_REGISTER_METADATA(mlt_service_producer_type, names[i], zt_mlt_metadata, NULL);
    }
}
