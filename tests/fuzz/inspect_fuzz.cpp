// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The input is a model's file, safetensors or GGUF. Every family is asked what it makes of it, and of one that reads it
// the report that `zoetrope inspect` prints: names, shapes, configurations, packing, memory. What is refused is refused
// with the statuses of a damaged or another model.
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "core/error.h"
#include "families/inspector.h"
#include "fuzz.h"

namespace {

using zt::fuzz::require;

// A file in memory, kept for all inputs.
int descriptor() {
    static const int fd = memfd_create("m.safetensors", MFD_CLOEXEC);
    return fd;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const int fd = descriptor();
    const bool written = ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == static_cast<ssize_t>(size);
    require(written, "memory for the input");
    zt::families::InspectRequest request;
    request.path = "/proc/self/fd/" + std::to_string(fd);
    for (const zt::families::Inspector& family : zt::families::inspectors()) {
        if (family.detect == nullptr) continue;
        const zt::families::Detection found = family.detect(request.path);  // never throws
        if (found.fit != zt::families::Detection::Fit::kOurs) continue;
        try {
            const std::string report = family.report(request);
            require(report.starts_with("family     " + std::string(family.name)), "the report begins with the family");
        } catch (const zt::Error& error) {
            require(error.status() == ZT_ERROR_WEIGHTS || error.status() == ZT_ERROR_UNSUPPORTED ||
                        error.status() == ZT_ERROR_NOT_FOUND,
                    error.what());
            require(std::string_view(error.what()).find("expected") != std::string_view::npos, error.what());
        }
    }
    return 0;
}
