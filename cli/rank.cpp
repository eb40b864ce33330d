// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The life of a rank that is not the program; see launch.h.
#include <dlfcn.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/error.h"
#include "engine.h"
#include "launch.h"

namespace zt::cli {
namespace {

// Rank 0 says what the user is to know; here only what is wrong. "2/4/2" -> 2.
void log(void*, zt_log_level level, const char* message) {
    if (level <= ZT_LOG_WARNING)
        std::fprintf(stderr, "zoetrope: rank %.*s: %s\n",
                     static_cast<int>(std::strcspn(std::getenv("ZOETROPE_RANKS"), "/")), std::getenv("ZOETROPE_RANKS"),
                     message);
}

using ServeFn = zt_status (*)(zt_log_fn, void*, zt_error*);

ServeFn find_serve() {
    const ZtEngine& engine = load_engine();
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(engine.version), &info) != 0)
        if (void* const library = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD))
            if (void* const found = dlsym(library, "zt_ranks_serve")) return reinterpret_cast<ServeFn>(found);
    throw Error(ZT_ERROR_NOT_FOUND, "rank: expected the engine of this Zoetrope, got another");
}

}  // namespace

int serve_rank(std::span<char*> arguments) {
    if (!arguments.empty() || std::getenv("ZOETROPE_RANKS") == nullptr)
        throw Error(ZT_ERROR_ARGUMENT, "rank: expected to be started by zoetrope launch, got a call by hand");
    signal(SIGPIPE, SIG_IGN);  // Gloo writes to ranks that may be gone
    zt_error error = ZT_ERROR_INIT;
    const zt_status status = find_serve()(log, nullptr, &error);
    if (status == ZT_AGAIN) {  // the next program finds a process without a past
        setenv("ZOETROPE_RANKS_AGAIN", "1", 1);
        execl("/proc/self/exe", "zoetrope", "rank", nullptr);
    }
    if (status >= 0) return 0;
    log(nullptr, ZT_LOG_ERROR, error.message);
    return 1;
}

}  // namespace zt::cli
