/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The calls that fail on purpose; see shim.h. The names with 64 and _chk are what the C library's
 * headers turn the plain ones into for large files and for fortified builds.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#undef _FILE_OFFSET_BITS /* would make open and open64 one name */
#include "shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum function { NONE, OPEN, OPENAT, READ, PREAD, WRITE, FSYNC, RENAME, PTHREAD_CREATE, FUNCTIONS };
static const char* const names[FUNCTIONS] = {"",      "open",  "openat", "read",          "pread",
                                             "write", "fsync", "rename", "pthread_create"};

static atomic_int armed, armed_fault, armed_on;
static atomic_long armed_call, calls, faults;

void zt_shim_arm(const char* function, int fault, long call) {
    zt_shim_disarm();
    calls = 0;
    faults = 0;
    armed_fault = fault;
    armed_call = call;
    armed_on = 0;
    for (int i = 1; i < FUNCTIONS; i++)
        if (!strcmp(function, names[i])) armed = i;
}

void zt_shim_arm_from(const char* function, int fault, long call) {
    zt_shim_arm("", fault, call);
    armed_on = 1;
    for (int i = 1; i < FUNCTIONS; i++)
        if (!strcmp(function, names[i])) armed = i;
}

void zt_shim_disarm(void) { armed = NONE; }

long zt_shim_calls(void) { return calls; }

long zt_shim_faults(void) { return faults; }

__attribute__((constructor)) static void arm_from_environment(void) {
    static const struct {
        const char* name;
        int value;
    } faults_by_name[] = {
        {"EIO", EIO},       {"EINTR", EINTR},   {"EMFILE", EMFILE}, {"ENFILE", ENFILE}, {"ENOMEM", ENOMEM},
        {"EACCES", EACCES}, {"ENOSPC", ENOSPC}, {"EROFS", EROFS},   {"EAGAIN", EAGAIN}, {"short", ZT_SHIM_SHORT},
    };
    char text[64];
    const char* value = getenv("ZT_SHIM");
    if (!value || strlen(value) >= sizeof text) return;
    strcpy(text, value);
    char* fault = strchr(text, ':');
    char* call = fault ? strchr(fault + 1, ':') : NULL;
    if (!call) return;
    *fault++ = '\0';
    *call++ = '\0';
    int number = atoi(fault);
    for (size_t i = 0; i < sizeof faults_by_name / sizeof *faults_by_name; i++)
        if (!strcmp(fault, faults_by_name[i].name)) number = faults_by_name[i].value;
    if (strchr(call, '+')) {
        zt_shim_arm_from(text, number, atol(call));
        return;
    }
    zt_shim_arm(text, number, !strcmp(call, "*") ? ZT_SHIM_EVERY : !strcmp(call, "/2") ? ZT_SHIM_SECOND : atol(call));
}

/* 0, or the fault that this call has to suffer. */
static int fault_of(enum function function) {
    if (armed != (int)function) return 0;
    long number = ++calls, wanted = armed_call;
    int hit = wanted == ZT_SHIM_EVERY || (wanted == ZT_SHIM_SECOND ? number % 2 == 1
                                          : armed_on               ? number >= wanted
                                                                   : number == wanted);
    if (!hit) return 0;
    faults++;
    return armed_fault;
}

/* The next definition of a name, looked up once. */
#define NEXT(pointer, name)                                       \
    do {                                                          \
        if (!pointer) *(void**)&pointer = dlsym(RTLD_NEXT, name); \
    } while (0)

static mode_t mode_of(int flags, va_list list) {
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(list, mode_t) : 0;
}

#define DEFINE_OPEN(name)                          \
    int name(const char* path, int flags, ...) {   \
        static int (*next)(const char*, int, ...); \
        va_list list;                              \
        va_start(list, flags);                     \
        mode_t mode = mode_of(flags, list);        \
        va_end(list);                              \
        int fault = fault_of(OPEN);                \
        if (fault > 0) return errno = fault, -1;   \
        NEXT(next, #name);                         \
        return next(path, flags, mode);            \
    }
#define DEFINE_OPENAT(name)                                  \
    int name(int folder, const char* path, int flags, ...) { \
        static int (*next)(int, const char*, int, ...);      \
        va_list list;                                        \
        va_start(list, flags);                               \
        mode_t mode = mode_of(flags, list);                  \
        va_end(list);                                        \
        int fault = fault_of(OPENAT);                        \
        if (fault > 0) return errno = fault, -1;             \
        NEXT(next, #name);                                   \
        return next(folder, path, flags, mode);              \
    }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPEN(__open_2)
DEFINE_OPEN(__open64_2)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)
DEFINE_OPENAT(__openat_2)
DEFINE_OPENAT(__openat64_2)

/* parameters and arguments: those after the size, each with a leading comma. */
#define DEFINE_TRANSFER(name, function, buffer_type, parameters, arguments) \
    ssize_t name(int fd, buffer_type buffer, size_t size parameters) {      \
        static ssize_t (*next)(int, buffer_type, size_t parameters);        \
        int fault = fault_of(function);                                     \
        if (fault > 0) return errno = fault, -1;                            \
        if (fault == ZT_SHIM_SHORT && size > 1) size = 1;                   \
        NEXT(next, #name);                                                  \
        return next(fd, buffer, size arguments);                            \
    }
#define COMMA ,
DEFINE_TRANSFER(read, READ, void*, , )
DEFINE_TRANSFER(__read_chk, READ, void*, COMMA size_t room, COMMA room)
DEFINE_TRANSFER(pread, PREAD, void*, COMMA off_t offset, COMMA offset)
DEFINE_TRANSFER(pread64, PREAD, void*, COMMA off64_t offset, COMMA offset)
DEFINE_TRANSFER(__pread_chk, PREAD, void*, COMMA off_t offset COMMA size_t room, COMMA offset COMMA room)
DEFINE_TRANSFER(__pread64_chk, PREAD, void*, COMMA off64_t offset COMMA size_t room, COMMA offset COMMA room)
DEFINE_TRANSFER(write, WRITE, const void*, , )

int fsync(int fd) {
    static int (*next)(int);
    int fault = fault_of(FSYNC);
    if (fault > 0) return errno = fault, -1;
    NEXT(next, "fsync");
    return next(fd);
}

int rename(const char* from, const char* to) {
    static int (*next)(const char*, const char*);
    int fault = fault_of(RENAME);
    if (fault > 0) return errno = fault, -1;
    NEXT(next, "rename");
    return next(from, to);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
    static int (*next)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
    int fault = fault_of(PTHREAD_CREATE);
    if (fault > 0) return fault; /* by value, errno untouched */
    NEXT(next, "pthread_create");
    return next(thread, attributes, start, argument);
}
