/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_loader.h - maps the engine at first use, for front ends that must not link it
 *
 * A filter list, a plugin scan or an editor's start must never map LibTorch, so filters and elements
 * call the engine only through the table below. The first zt_loader_get() of the process loads
 * libzoetrope; later calls, from any thread, return the same table or the same sentence.
 *
 * Where the engine is looked for, in this order:
 *   1. the file that the environment variable ZOETROPE_ENGINE names (absolute; not in setuid programs);
 *   2. beside the file this code is linked into: its folder, ../, ../zoetrope/, ../../; then the library folder
 *      ZT_ENGINE_BELOW (lib/x86_64-linux-gnu) of a prefix one or two folders up, as of bin/ and lib/frei0r-1/;
 *   3. ZT_ENGINE_LIBDIR, the folder set when this file was compiled.
 * Never by bare name, and never through the current folder.
 */
#pragma once

#include "zoetrope/zoetrope.h"

/* Every function of the engine, without its zt_ prefix. */
/* clang-format off */
#define ZT_LOADER_FUNCTIONS(F)                                                                     \
    F(status_name) F(version)                                                                      \
    F(model_params_init_sized) F(model_open) F(model_ref) F(model_unref) F(model_get_info)               \
    F(request_init_sized) F(image_init_sized) F(option_at) F(set_option)                                       \
    F(session_plan) F(session_create) F(session_destroy) F(session_get_info) F(session_read)       \
    F(session_cancel)                                                                              \
    F(session_set_prompt) F(session_set_option) F(session_get_progress)                            \
    F(frame_get_info) F(frame_ref) F(frame_unref)
/* clang-format on */

#define ZT_LOADER_MEMBER(name) __typeof__(zt_##name) *name;
typedef struct ZtEngine {
    ZT_LOADER_FUNCTIONS(ZT_LOADER_MEMBER)
} ZtEngine;
#undef ZT_LOADER_MEMBER

#define ZT_LOADER_LOCAL __attribute__((visibility("hidden")))

/* [any thread] The engine, or NULL with a one-line sentence in *error (static storage; error may be
 * NULL). The first call takes about half a second. */
ZT_LOADER_LOCAL const ZtEngine *zt_loader_get(const char **error);

/* [any thread, after zt_loader_get] How LibTorch was kept from the host's BLAS, for a verbose log:
 * "not needed", "deep binding" or "rebound N slots". Static storage. */
ZT_LOADER_LOCAL const char *zt_loader_isolation(void);
