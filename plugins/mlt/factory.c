/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * factory.c - the MLT module zoetrope
 *
 * Loading it only registers names: the engine, and LibTorch with it, is mapped when the first producer is made. */
#include "zt_mlt.h"

static void log_line(zt_log_level level, const char *message)
{
    static const int levels[] = { MLT_LOG_FATAL, MLT_LOG_ERROR,   MLT_LOG_WARNING,
                                  MLT_LOG_INFO,  MLT_LOG_VERBOSE, MLT_LOG_DEBUG };

    mlt_log(NULL, levels[level <= ZT_LOG_DEBUG ? level : ZT_LOG_DEBUG], "[zoetrope] %s\n", message);
}

__attribute__((visibility("default"))) MLT_REPOSITORY
{
    static const char *const names[] = { "zoetrope", "t2v" };

    zt_clips_set_log(log_line);
    zt_mlt_watch_consumers();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        MLT_REGISTER(mlt_service_producer_type, names[i], zt_mlt_producer_init);
        MLT_REGISTER_METADATA(mlt_service_producer_type, names[i], zt_mlt_metadata, NULL);
    }
}
