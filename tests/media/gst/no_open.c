/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * no_open.c - preloaded: counts every attempt to open or look at a path that holds the trap word
 */
/* Both spellings of each function are defined here, so neither may stand for the other. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define EXPORT __attribute__ ((visibility ("default")))
#define TRAP   "zt_link_trap"

EXPORT int zt_trap_count;

static void
note (const char *path)
{
  if (path && strstr (path, TRAP))
    __atomic_add_fetch (&zt_trap_count, 1, __ATOMIC_RELAXED);
}

#define REAL(name) ((__typeof__ (name) *) dlsym (RTLD_NEXT, #name))
#define MODE(flags)                                                                                \
  mode_t mode = 0;                                                                                 \
  if ((flags) & (O_CREAT | O_TMPFILE)) {                                                           \
    va_list args;                                                                                  \
    va_start (args, flags);                                                                        \
    mode = va_arg (args, mode_t);                                                                  \
    va_end (args);                                                                                 \
  }

EXPORT int
open (const char *path, int flags, ...)
{
  MODE (flags);
  note (path);
  return REAL (open) (path, flags, mode);
}

EXPORT int
open64 (const char *path, int flags, ...)
{
  MODE (flags);
  note (path);
  return REAL (open64) (path, flags, mode);
}

EXPORT int
openat (int folder, const char *path, int flags, ...)
{
  MODE (flags);
  note (path);
  return REAL (openat) (folder, path, flags, mode);
}

EXPORT int
openat64 (int folder, const char *path, int flags, ...)
{
  MODE (flags);
  note (path);
  return REAL (openat64) (folder, path, flags, mode);
}

EXPORT FILE *
fopen (const char *path, const char *how)
{
  note (path);
  return REAL (fopen) (path, how);
}

EXPORT FILE *
fopen64 (const char *path, const char *how)
{
  note (path);
  return REAL (fopen64) (path, how);
}

EXPORT int
stat (const char *path, struct stat *status)
{
  note (path);
  return REAL (stat) (path, status);
}

EXPORT int
access (const char *path, int how)
{
  note (path);
  return REAL (access) (path, how);
}
