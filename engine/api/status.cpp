// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Status names and the library's version.
#include "include/zoetrope/zoetrope.h"

const char* zt_status_name(zt_status status) {
    switch (status) {
        case ZT_OK: return "ok";
        case ZT_AGAIN: return "again";
        case ZT_END: return "end";
        case ZT_ERROR_ARGUMENT: return "argument";
        case ZT_ERROR_PROMPT: return "prompt";
        case ZT_ERROR_NOT_FOUND: return "not_found";
        case ZT_ERROR_IO: return "io";
        case ZT_ERROR_WEIGHTS: return "weights";
        case ZT_ERROR_MEMORY: return "memory";
        case ZT_ERROR_DEVICE: return "device";
        case ZT_ERROR_NUMERIC: return "numeric";
        case ZT_ERROR_NETWORK: return "network";
        case ZT_ERROR_CANCELLED: return "cancelled";
        case ZT_ERROR_UNSUPPORTED: return "unsupported";
        case ZT_ERROR_INTERNAL: return "internal";
    }
    return "unknown";
}

uint32_t zt_version(void) { return ZT_VERSION_INT; }
