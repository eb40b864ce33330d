// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The input is a checkpoint file. Whatever is accepted must keep the promises of safetensors.h:
// every tensor lies inside the file, fits its shape, and can be read.
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "fuzz.h"
#include "weights/safetensors.h"

namespace {

// A file in memory, kept for all inputs.
int checkpoint_descriptor() {
    static const int fd = memfd_create("m.safetensors", MFD_CLOEXEC);
    return fd;
}

void check(const zt::weights::SafetensorsFile& file) {
    using zt::fuzz::require;
    uint64_t total = 0;
    for (const auto& tensor : file.tensors()) {
        require(tensor.shape.size() <= zt::weights::kMaxRank, "rank");
        unsigned __int128 bytes = zt::weights::dtype_bytes(tensor.dtype);
        for (int64_t size : tensor.shape) {
            require(size >= 0, "size not negative");
            bytes *= static_cast<unsigned __int128>(size);
            require(bytes <= INT64_MAX, "bytes within int64");
        }
        require(bytes == tensor.size_bytes, "bytes fit the shape");
        require(tensor.offset + tensor.size_bytes <= file.file().size(), "inside the file");
        require(file.find(tensor.name) == &tensor, "found by name");
        total += tensor.size_bytes;
        std::vector<std::byte> room(tensor.size_bytes);
        file.read(tensor, room);
    }
    require(total < file.file().size(), "no byte twice");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const int fd = checkpoint_descriptor();
    const bool written = ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == static_cast<ssize_t>(size);
    zt::fuzz::require(written, "memory for the input");
    try {
        check(zt::weights::SafetensorsFile::open("/proc/self/fd/" + std::to_string(fd)));
    } catch (const zt::Error& error) {
        const zt_status status = error.status();
        zt::fuzz::require(status == ZT_ERROR_WEIGHTS || status == ZT_ERROR_UNSUPPORTED, error.what());
    }
    return 0;
}
