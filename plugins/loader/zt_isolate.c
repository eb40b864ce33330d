/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_isolate.c - keeps LibTorch's BLAS apart from the host program's
 *
 * Three cases, by what the process holds when the engine is loaded:
 *   no foreign sgemm_                  plain dlopen
 *   foreign sgemm_, libc's malloc      RTLD_DEEPBIND: LibTorch looks in itself first
 *   foreign sgemm_, foreign malloc     deep binding would mix two allocators (strdup from one, free from
 *                                      the other) and abort, as it does under sanitizers; so load plainly
 *                                      and then point LibTorch's own slots back at its own functions
 * The last step runs in the second case too and then finds nothing to do, unless something else in the
 * process had mapped LibTorch before us.
 */
#define _GNU_SOURCE
#include "zt_isolate.h"

#include <dlfcn.h>
#include <elf.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_LIBRARIES 64

#if defined(__x86_64__)
#define REL_SLOT R_X86_64_JUMP_SLOT
#define REL_GLOB R_X86_64_GLOB_DAT
#define REL_WORD R_X86_64_64
#elif defined(__aarch64__)
#define REL_SLOT R_AARCH64_JUMP_SLOT
#define REL_GLOB R_AARCH64_GLOB_DAT
#define REL_WORD R_AARCH64_ABS64
#endif

/* Which object of the process an address belongs to; NULL if none. */
static const void *object_of(const void *address)
{
    Dl_info info;
    return address && dladdr(address, &info) ? info.dli_fbase : NULL;
}

static int malloc_is_libc(void)
{
    static const char *const names[] = {
        "malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc", "strdup",
    };
    const void *libc = object_of(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"));
    void *operator_new = dlsym(RTLD_DEFAULT, "_Znwm");
    Dl_info info;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!libc || object_of(dlsym(RTLD_DEFAULT, names[i])) != libc)
            return 0;
    /* A C++ host may replace operator new alone. */
    return !operator_new || (dladdr(operator_new, &info) && info.dli_fname && strstr(info.dli_fname, "libstdc++.so"));
}

static int sanitizer_runs(void)
{
    static const char *const names[] = {
        "__asan_init", "__hwasan_init", "__lsan_init", "__msan_init", "__tsan_init",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (dlsym(RTLD_DEFAULT, names[i]))
            return 1;
    return 0;
}

#ifdef REL_SLOT

typedef struct Library {
    ElfW(Addr) base;
    ElfW(Addr) begin, end;             /* addresses the object covers                          */
    ElfW(Addr) relro_begin, relro_end; /* whole pages that became read-only after relocation   */
    const ElfW(Dyn) * dynamic;
} Library;

/* What dl_iterate_phdr is asked to find; it goes over the process once for each question. */
typedef struct Search {
    char torch_cpu[PATH_MAX];     /* path of libtorch_cpu.so, "" until found              */
    size_t folder;                /* length of its folder, with the slash                 */
    Library torch[MAX_LIBRARIES]; /* the objects in that folder                           */
    int torch_count;
    const void *blas[MAX_LIBRARIES]; /* functions of the host's BLAS and LAPACK              */
    int blas_count;
    Library foreign[MAX_LIBRARIES]; /* the objects that hold them                           */
    int foreign_count;
} Search;

static int find_torch_cpu(struct dl_phdr_info *info, size_t size, void *opaque)
{
    Search *search = opaque;
    const char *slash = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;

    (void)size;
    if (!slash || strncmp(slash + 1, "libtorch_cpu.so", 15) || strlen(info->dlpi_name) >= sizeof(search->torch_cpu))
        return 0;
    strcpy(search->torch_cpu, info->dlpi_name);
    search->folder = (size_t)(slash + 1 - info->dlpi_name);
    return 1;
}

static Library library_of(const struct dl_phdr_info *info)
{
    const ElfW(Addr) page = (ElfW(Addr))sysconf(_SC_PAGESIZE);
    Library lib = { .base = info->dlpi_addr, .begin = (ElfW(Addr)) - 1 };

    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *head = &info->dlpi_phdr[i];
        ElfW(Addr) begin = info->dlpi_addr + head->p_vaddr, end = begin + head->p_memsz;
        if (head->p_type == PT_DYNAMIC)
            lib.dynamic = (const ElfW(Dyn) *)begin;
        if (head->p_type == PT_GNU_RELRO) {
            lib.relro_begin = begin & ~(page - 1);
            lib.relro_end = end & ~(page - 1);
        }
        if (head->p_type == PT_LOAD) {
            lib.begin = begin < lib.begin ? begin : lib.begin;
            lib.end = end > lib.end ? end : lib.end;
        }
    }
    return lib;
}

static int sort_libraries(struct dl_phdr_info *info, size_t size, void *opaque)
{
    Search *search = opaque;
    const Library lib = library_of(info);

    (void)size;
    if (info->dlpi_name && !strncmp(info->dlpi_name, search->torch_cpu, search->folder) &&
        !strchr(info->dlpi_name + search->folder, '/')) {
        if (lib.dynamic && search->torch_count < MAX_LIBRARIES)
            search->torch[search->torch_count++] = lib;
        return 0;
    }
    for (int i = 0; i < search->blas_count; i++) {
        const ElfW(Addr) address = (ElfW(Addr))search->blas[i];
        if (address >= lib.begin && address < lib.end && search->foreign_count < MAX_LIBRARIES) {
            search->foreign[search->foreign_count++] = lib;
            break;
        }
    }
    return 0;
}

static int covers(const Library *libraries, int count, ElfW(Addr) address)
{
    for (int i = 0; i < count; i++)
        if (address >= libraries[i].begin && address < libraries[i].end)
            return 1;
    return 0;
}

static int in_torch(const Search *search, ElfW(Addr) address)
{
    return covers(search->torch, search->torch_count, address);
}

static int is_foreign(const Search *search, const void *address)
{
    return covers(search->foreign, search->foreign_count, (ElfW(Addr))address);
}

/* Points the slots of one relocation table back at LibTorch; returns how many it changed. */
static int rebind_table(const Library *lib, const Search *search, void *torch_cpu, const ElfW(Rela) * rela,
                        size_t count, const ElfW(Sym) * symbols, const char *strings)
{
    int changed = 0;

    for (size_t i = 0; i < count; i++) {
        const unsigned type = (unsigned)ELF64_R_TYPE(rela[i].r_info);
        const ElfW(Sym) *symbol = &symbols[ELF64_R_SYM(rela[i].r_info)];
        ElfW(Addr) *slot = (ElfW(Addr) *)(lib->base + rela[i].r_offset);
        ElfW(Addr) target, own;
        const char *name;

        if ((type != REL_SLOT && type != REL_GLOB && type != REL_WORD) || rela[i].r_addend)
            continue;
        name = strings + symbol->st_name;
        target = __atomic_load_n(slot, __ATOMIC_RELAXED);
        if (in_torch(search, target)) {
            /* Bound to LibTorch already; or, in a LibTorch mapped lazily before us, not bound yet. */
            if (type != REL_SLOT || symbol->st_shndx == SHN_UNDEF || target == lib->base + symbol->st_value ||
                ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || !is_foreign(search, dlsym(RTLD_DEFAULT, name)))
                continue;
        } else if (!is_foreign(search, (const void *)target)) {
            continue;
        }
        /* Only what LibTorch's own folder defines: a LibTorch built on the system's BLAS keeps it. */
        own = (ElfW(Addr))dlsym(torch_cpu, name);
        if (!in_torch(search, own) || own == target)
            continue;
        __atomic_store_n(slot, own, __ATOMIC_RELAXED);
        changed++;
    }
    return changed;
}

static int rebind_library(const Library *lib, const Search *search, void *torch_cpu)
{
    const ElfW(Rela) *jmprel = NULL, *rela = NULL;
    const ElfW(Sym) *symbols = NULL;
    const char *strings = NULL;
    size_t jmprel_size = 0, rela_size = 0;
    const size_t relro = (size_t)(lib->relro_end - lib->relro_begin);
    int changed = 0;

    for (const ElfW(Dyn) *d = lib->dynamic; d->d_tag != DT_NULL; d++) {
        const void *pointer = (const void *)d->d_un.d_ptr; /* glibc has made these absolute */
        switch (d->d_tag) {
        case DT_JMPREL: jmprel = pointer; break;
        case DT_PLTRELSZ: jmprel_size = d->d_un.d_val; break;
        case DT_RELA: rela = pointer; break;
        case DT_RELASZ: rela_size = d->d_un.d_val; break;
        case DT_SYMTAB: symbols = pointer; break;
        case DT_STRTAB: strings = pointer; break;
        }
    }
    if (!symbols || !strings || (relro && mprotect((void *)lib->relro_begin, relro, PROT_READ | PROT_WRITE)))
        return 0;
    if (jmprel)
        changed += rebind_table(lib, search, torch_cpu, jmprel, jmprel_size / sizeof(*jmprel), symbols, strings);
    if (rela)
        changed += rebind_table(lib, search, torch_cpu, rela, rela_size / sizeof(*rela), symbols, strings);
    if (relro)
        mprotect((void *)lib->relro_begin, relro, PROT_READ);
    return changed;
}

static int rebind_torch(void)
{
    static const char *const names[] = { "sgemm_", "cblas_sgemm", "sgesv_", "LAPACKE_sgesv" };
    Search *search = calloc(1, sizeof(*search));
    void *torch_cpu = NULL;
    int changed = 0;

    if (!search)
        return 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const void *function = dlsym(RTLD_DEFAULT, names[i]);
        if (function)
            search->blas[search->blas_count++] = function;
    }
    if (dl_iterate_phdr(find_torch_cpu, search))
        torch_cpu = dlopen(search->torch_cpu, RTLD_LAZY | RTLD_NOLOAD);
    if (torch_cpu) {
        dl_iterate_phdr(sort_libraries, search);
        for (int i = 0; i < search->torch_count; i++)
            changed += rebind_library(&search->torch[i], search, torch_cpu);
        dlclose(torch_cpu);
    }
    free(search);
    return changed;
}

#else

static int rebind_torch(void)
{
    return 0;
}

#endif

void *zt_isolate_open(const char *path, char *report, size_t report_size)
{
    const int flags = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;
    const int foreign = dlsym(RTLD_DEFAULT, "sgemm_") != NULL;
    const int deep = foreign && malloc_is_libc() && !sanitizer_runs();
    void *handle = dlopen(path, deep ? flags | RTLD_DEEPBIND : flags);
    int changed = handle && foreign ? rebind_torch() : 0;

    if (changed)
        snprintf(report, report_size, "rebound %d slots", changed);
    else
        snprintf(report, report_size, "%s", deep ? "deep binding" : "not needed");
    return handle;
}
