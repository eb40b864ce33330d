// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Lossless coding of finished frames for the clip cache: what can be foretold of a plane from its neighbours (the
// median predictor of LOCO-I, Weinberger, Seroussi and Sapiro 2000) or from the frame before is subtracted, and zstd
// packs the rest, with its own checksum. Made for speed: about a millisecond for 640x360.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace zt::cache {

// One plane as it is kept: rows without gaps.
struct Plane {
    int row_bytes = 0, rows = 0;
    int sample_bytes = 1;  // 1, or 2 in the byte order of the machine
    int step = 1;          // samples from one to the next of the same component: 3 for packed RGB
};
using Planes = std::vector<Plane>;

// A frame in somebody's memory, planes in order.
struct FrameData {
    std::array<uint8_t*, 4> data = {};
    std::array<ptrdiff_t, 4> stride = {};  // bytes
};

// One of them writes or reads one clip, frame after frame: it knows the frame before. One thread at a time.
class FrameCoder {
public:
    explicit FrameCoder(Planes planes);
    ~FrameCoder();
    FrameCoder(const FrameCoder&) = delete;
    FrameCoder& operator=(const FrameCoder&) = delete;

    // key: without looking at the frame before. sound: as it is. Good until the next call. Throws zt::Error(INTERNAL,
    // MEMORY).
    [[nodiscard]] std::span<const std::byte> encode(const FrameData& frame, std::span<const float> sound, bool key);
    // sound: as many samples as were encoded. Throws zt::Error(IO) for bytes that are not what encode() made: a bad
    // checksum, or another size.
    void decode(std::span<const std::byte> bytes, const FrameData& frame, std::span<float> sound, bool key);

private:
    struct Zstd;
    const Planes planes_;
    size_t bytes_ = 0;                   // of all planes
    std::vector<uint8_t> now_, before_;  // planes without gaps
    std::vector<uint8_t> rest_;          // what is packed: which predictor, the differences, the sound
    std::vector<uint8_t> row_;           // of differences
    std::vector<std::byte> packed_;
    std::unique_ptr<Zstd> zstd_;
};

}  // namespace zt::cache
