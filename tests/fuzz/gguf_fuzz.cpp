// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The input is a GGUF file. Whatever is accepted must keep the promises of gguf.h: every tensor lies
// inside the file, alone, fits its shape, can be read and decoded.
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "fuzz.h"
#include "weights/checkpoint.h"
#include "weights/gguf_blocks.h"

namespace {

using namespace zt::weights;
using zt::fuzz::require;

// A file in memory, kept for all inputs.
int descriptor() {
    static const int fd = memfd_create("m.gguf", MFD_CLOEXEC);
    return fd;
}

void check(const Checkpoint& file, uint64_t file_bytes) {
    uint64_t total = 0;
    for (const CheckpointEntry& entry : file.entries()) {
        require(entry.shape.size() <= kMaxRank, "rank");
        require(entry.offset + entry.size_bytes <= file_bytes, "inside the file");
        total += entry.size_bytes;
        std::vector<std::byte> room(entry.size_bytes);
        file.read(entry, 0, room);
        if (entry.encoding == Encoding::kDense) continue;
        const BlockShape block = block_shape(entry.encoding);
        const int64_t blocks = static_cast<int64_t>(room.size()) / block.bytes;
        std::vector<float> values(static_cast<size_t>(blocks * block.values));
        decode_blocks(entry.encoding, room.data(), blocks, values.data());
    }
    require(total < file_bytes, "no byte twice");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const int fd = descriptor();
    const bool written = ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == static_cast<ssize_t>(size);
    require(written, "memory for the input");
    if (size < 4 || std::string_view(reinterpret_cast<const char*>(data), 4) != "GGUF") return 0;  // another reader's
    try {
        check(Checkpoint::open("/proc/self/fd/" + std::to_string(fd)), size);
    } catch (const zt::Error& error) {
        require(error.status() == ZT_ERROR_WEIGHTS, error.what());
    }
    return 0;
}
