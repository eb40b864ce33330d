// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Lossless coding of finished frames for the clip cache: what the row above foretells of a row, or the same row of the
// frame before, is subtracted, and zstd packs the rest, with its own checksum. Made for speed, of reading above all:
// less than a millisecond for 640x360. (The median predictor of JPEG-LS saves a tenth of the bytes and takes nearly
// three times as long to read, since each sample waits for the one before it.)
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
    // A plane without data is not written. sound: as many samples as were encoded. Throws zt::Error(IO) for bytes that
    // are not what encode() made: a bad checksum, or another size.
    void decode(std::span<const std::byte> bytes, const FrameData& frame, std::span<float> sound, bool key) {
        unpack(bytes, sound.size(), rest_);
        restore(rest_, frame, sound, key);
    }
    // The two halves of decode(). The first and longer one knows nothing of the frame before, so another thread may
    // unpack the next frame meanwhile: one thread at a time for each half. samples: of sound. rest: overwritten.
    void unpack(std::span<const std::byte> bytes, size_t samples, std::vector<uint8_t>& rest);
    void restore(std::span<const uint8_t> rest, const FrameData& frame, std::span<float> sound, bool key);

private:
    struct Zstd;
    const Planes planes_;
    size_t bytes_ = 0;                   // of all planes
    std::vector<uint8_t> now_, before_;  // planes without gaps
    std::vector<uint8_t> rest_;          // what is packed: which predictor, the differences, the sound
    std::vector<std::byte> packed_;
    std::unique_ptr<Zstd> zstd_;
};

}  // namespace zt::cache
