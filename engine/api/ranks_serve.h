// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How the program zoetrope has the engine serve a rank. No part of the C API: for `zoetrope launch` of the same build.
#pragma once

#include "include/zoetrope/zoetrope.h"

// Serves rank 0's program until it ends. ZT_AGAIN where another program of rank 0 may come, which a fresh process
// should serve; ZT_END where none will; else what went wrong.
extern "C" ZT_API zt_status zt_ranks_serve(zt_log_fn log, void* log_opaque, zt_error* error);
