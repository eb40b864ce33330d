// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See ranks_serve.h.
#include "api/ranks_serve.h"

#include "api/guard.h"
#include "core/log.h"
#include "pipeline/serve.h"

zt_status zt_ranks_serve(zt_log_fn log, void* log_opaque, zt_error* error) {
    return zt::api::guard(error,
                          [&] { return zt::pipeline::serve(zt::make_log(log, log_opaque)) ? ZT_AGAIN : ZT_END; });
}
