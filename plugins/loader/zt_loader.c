/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_loader.c - finds the engine, maps it once, fills the table of functions */
#define _GNU_SOURCE
#include "zt_loader.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "zt_isolate.h"

#define TEXT2(x)    #x
#define TEXT(x)     TEXT2(x)
#define ENGINE_FILE "libzoetrope.so." TEXT(ZT_API_NUMBER)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static ZtEngine engine;
static int loaded;
static char failure[PATH_MAX + 512];
static char isolation[64] = "not needed";

__attribute__((format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(failure, sizeof(failure), format, args);
    va_end(args);
    for (char *c = failure; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
}

/* The folder of the file this code is linked into, with the slash; 0 if unknown. Of a program dladdr() only knows what
 * its caller put into argv[0], which may be a name without a folder. */
static int own_folder(char folder[PATH_MAX])
{
    Dl_info own, program;
    const char *file;
    char *slash;

    if (!dladdr((void *)own_folder, &own) || !own.dli_fname)
        return 0;
    file = own.dli_fname;
    if (dladdr((void *)getauxval(AT_PHDR), &program) && program.dli_fbase == own.dli_fbase)
        file = "/proc/self/exe";
    if (!realpath(file, folder))
        return 0;
    slash = strrchr(folder, '/');
    if (!slash)
        return 0;
    slash[1] = 0;
    return 1;
}

static int readable(char path[PATH_MAX], const char *folder, const char *below)
{
    int length = snprintf(path, PATH_MAX, "%s%s%s", folder, below, ENGINE_FILE);
    return length > 0 && length < PATH_MAX && !access(path, R_OK);
}

/* Writes the engine's path, or returns 0 after fail(). */
static int find_engine(char path[PATH_MAX])
{
    static const char *const places[] = { "",
                                          "../",
                                          "../zoetrope/",
                                          "../../",
#ifdef ZT_ENGINE_BELOW
                                          "../" ZT_ENGINE_BELOW "/",
                                          "../../" ZT_ENGINE_BELOW "/"
#endif
    };
    const char *named = getauxval(AT_SECURE) ? NULL : getenv("ZOETROPE_ENGINE");
    char folder[PATH_MAX] = "";

    if (named && *named) {
        if (named[0] != '/' || strlen(named) >= PATH_MAX) {
            fail("ZOETROPE_ENGINE: expected the absolute path of %s, got \"%.200s\"", ENGINE_FILE, named);
            return 0;
        }
        strcpy(path, named);
        return 1;
    }
    if (own_folder(folder))
        for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
            if (readable(path, folder, places[i]))
                return 1;
#ifdef ZT_ENGINE_LIBDIR
    if (readable(path, ZT_ENGINE_LIBDIR, "/"))
        return 1;
#endif
    fail("engine: expected %s beside %s or named by ZOETROPE_ENGINE, got none", ENGINE_FILE,
         folder[0] ? folder : "the front end");
    return 0;
}

static void load(void)
{
    char path[PATH_MAX];
    void *handle;
    uint32_t version;

    if (!find_engine(path))
        return;
    handle = zt_isolate_open(path, isolation, sizeof(isolation));
    if (!handle) {
        const char *reason = dlerror();
        fail("engine: expected to load %s, got: %s", path, reason ? reason : "no reason");
        return;
    }
    /* The soname carries the API number; ZOETROPE_ENGINE may name any file, so ask it too. */
    engine.version = (__typeof__(engine.version))dlsym(handle, "zt_version");
    version = engine.version ? engine.version() : 0;
    if (!engine.version || version >> 16 != ZT_VERSION_MAJOR || version < ZT_VERSION_INT) {
        fail("engine: expected version " ZT_VERSION_STRING " or a later %d.x in %s, got %u.%u.%u", ZT_VERSION_MAJOR,
             path, version >> 16, version >> 8 & 255, version & 255);
        return;
    }
#define BIND(name)                                                                                                     \
    engine.name = (__typeof__(engine.name))dlsym(handle, "zt_" #name);                                                 \
    if (!engine.name) {                                                                                                \
        fail("engine: expected the function zt_" #name " in %s, got none", path);                                      \
        return;                                                                                                        \
    }
    ZT_LOADER_FUNCTIONS(BIND)
#undef BIND
    loaded = 1;
}

const ZtEngine *zt_loader_get(const char **error)
{
    pthread_once(&once, load);
    if (error)
        *error = loaded ? NULL : failure;
    return loaded ? &engine : NULL;
}

const char *zt_loader_isolation(void)
{
    return isolation;
}
