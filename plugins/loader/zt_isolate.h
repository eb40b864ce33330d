/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_isolate.h - dlopen() that keeps LibTorch's arithmetic its own
 *
 * LibTorch calls its BLAS and LAPACK through its procedure linkage table, so a libblas.so.3 that the
 * host program already holds would answer instead: slower, and other bytes. See zt_isolate.c. */
#pragma once

#include <stddef.h>

/* Loads the library at `path` for good (never unloaded) and makes LibTorch, if that came with it, use
 * its own BLAS. Returns dlopen's handle, or NULL with dlerror() set. `report` receives a few words on
 * what was done. One thread at a time. */
__attribute__((visibility("hidden"))) void *zt_isolate_open(const char *path, char *report, size_t report_size);
