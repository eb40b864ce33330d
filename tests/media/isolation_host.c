/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * isolation_host.c - a host program with or without a BLAS of its own, for isolation_test.py
 *
 *   isolation_host LIBRARY [blas] [naive | lazy]
 *
 * blas: maps libblas.so.3 for everyone first, as stock ffmpeg and mpv do. naive: loads LIBRARY with
 * plain dlopen, to show what the loader is there for. lazy: something else had mapped LIBRARY, and so
 * LibTorch, without binding its functions. Prints "digest seconds writable how", where writable counts
 * LibTorch's writable mappings. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "zt_isolate.h"

static int writable_mappings(void) {
    FILE* maps = fopen("/proc/self/maps", "r");
    char line[4096];
    int count = 0;

    while (maps && fgets(line, sizeof(line), maps)) count += strstr(line, "libtorch_cpu.so") && strstr(line, " rw");
    if (maps) fclose(maps);
    return count;
}

int main(int argc, char** argv) {
    int blas = 0, naive = 0, lazy = 0;
    char how[64] = "naive";
    uint64_t digest = 0;
    double seconds = 0;
    void* library;
    int (*torch_mm)(uint64_t*, double*);

    for (int i = 2; i < argc; i++) {
        blas |= !strcmp(argv[i], "blas");
        naive |= !strcmp(argv[i], "naive");
        lazy |= !strcmp(argv[i], "lazy");
    }
    if (argc < 2) return 2;
    if (blas && !dlopen("libblas.so.3", RTLD_NOW | RTLD_GLOBAL)) {
        fprintf(stderr, "%s\n", dlerror());
        return 77;
    }
    if (lazy && !dlopen(argv[1], RTLD_LAZY | RTLD_LOCAL)) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    library = naive ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : zt_isolate_open(argv[1], how, sizeof(how));
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    torch_mm = (int (*)(uint64_t*, double*))dlsym(library, "torch_mm");
    if (!torch_mm || torch_mm(&digest, &seconds)) return 1;
    printf("%016llx %.6f %d %s\n", (unsigned long long)digest, seconds, writable_mappings(), how);
    return 0;
}
