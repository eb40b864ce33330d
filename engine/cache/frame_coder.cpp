// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See frame_coder.h. What is packed: a byte that names the predictor, the differences plane by plane (of 16-bit
// samples all low bytes, then all high ones), the sound.
#include "cache/frame_coder.h"

#include <zstd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/error.h"

namespace zt::cache {
namespace {

constexpr int kLevel = 1;                           // of zstd: the quickest of those that pack repeated rows well
constexpr uint8_t kFromAbove = 0, kFromBefore = 1;  // predictors

// What a row is foretold by: the same row of the frame before, or the row above it; null for the first row.
template <class T>
const T* foreteller(const T* before, const T* row, size_t at, size_t width) {
    if (before != nullptr) return before + at;
    return at == 0 ? nullptr : row - width;
}

// Loops over rows are plain, so that compilers make vectors of them. Of 16-bit samples the low bytes come first.
template <class T>
void subtract(const Plane& plane, const uint8_t* now, const uint8_t* before, uint8_t* out) {
    const size_t width = static_cast<size_t>(plane.row_bytes) / sizeof(T);
    const size_t count = width * static_cast<size_t>(plane.rows);
    const T *row = reinterpret_cast<const T*>(now), *past = reinterpret_cast<const T*>(before);
    for (size_t at = 0; at < count; at += width, row += width) {
        const T* from = foreteller(past, row, at, width);
        for (size_t x = 0; x < width; x++) {
            const auto rest = static_cast<T>(from != nullptr ? row[x] - from[x] : row[x]);
            out[at + x] = static_cast<uint8_t>(rest);
            if constexpr (sizeof(T) == 2) out[count + at + x] = static_cast<uint8_t>(rest >> 8);
        }
    }
}

template <class T>
void add(const Plane& plane, const uint8_t* in, const uint8_t* before, uint8_t* now) {
    const size_t width = static_cast<size_t>(plane.row_bytes) / sizeof(T);
    const size_t count = width * static_cast<size_t>(plane.rows);
    const T* past = reinterpret_cast<const T*>(before);
    T* row = reinterpret_cast<T*>(now);
    for (size_t at = 0; at < count; at += width, row += width) {
        const T* from = foreteller<T>(past, row, at, width);
        for (size_t x = 0; x < width; x++) {
            T rest = in[at + x];
            if constexpr (sizeof(T) == 2) rest = static_cast<T>(rest | in[count + at + x] << 8);
            row[x] = static_cast<T>(from != nullptr ? rest + from[x] : rest);
        }
    }
}

// Whether the frame before foretells this one better than the row above does, from every eighth row.
bool is_still(const Planes& planes, const uint8_t* now, const uint8_t* before) {
    uint64_t moved = 0, drawn = 0;
    for (const Plane& plane : planes) {
        for (int y = 1; y < plane.rows; y += 8) {
            const uint8_t *row = now + ptrdiff_t{y} * plane.row_bytes, *above = row - plane.row_bytes;
            const uint8_t* past = before + ptrdiff_t{y} * plane.row_bytes;
            for (int x = 0; x < plane.row_bytes; x += plane.sample_bytes) {  // of two bytes the low one
                moved += static_cast<uint64_t>(std::abs(row[x] - past[x]));
                drawn += static_cast<uint64_t>(std::abs(row[x] - above[x]));
            }
        }
        const ptrdiff_t bytes = ptrdiff_t{plane.row_bytes} * plane.rows;
        now += bytes, before += bytes;
    }
    return moved < drawn;
}

[[noreturn]] void refuse(const std::string& got) {
    throw Error(ZT_ERROR_IO, "cache: expected a frame as it was written, got " + got);
}

}  // namespace

struct FrameCoder::Zstd {
    ZSTD_CCtx* pack = nullptr;
    ZSTD_DCtx* unpack = nullptr;
    ~Zstd() { ZSTD_freeCCtx(pack), ZSTD_freeDCtx(unpack); }
};

FrameCoder::FrameCoder(Planes planes) : planes_(std::move(planes)), zstd_(std::make_unique<Zstd>()) {
    for (const Plane& plane : planes_) bytes_ += static_cast<size_t>(plane.row_bytes) * static_cast<size_t>(plane.rows);
    now_.resize(bytes_), before_.resize(bytes_);
}
FrameCoder::~FrameCoder() = default;

std::span<const std::byte> FrameCoder::encode(const FrameData& frame, std::span<const float> sound, bool key) {
    if (zstd_->pack == nullptr) {
        zstd_->pack = ZSTD_createCCtx();
        if (zstd_->pack == nullptr) throw Error(ZT_ERROR_MEMORY, "memory: expected room to pack a frame, got none");
        ZSTD_CCtx_setParameter(zstd_->pack, ZSTD_c_compressionLevel, kLevel);
        ZSTD_CCtx_setParameter(zstd_->pack, ZSTD_c_checksumFlag, 1);
    }
    now_.swap(before_);
    uint8_t* to = now_.data();
    for (size_t p = 0; p < planes_.size(); p++)
        for (int y = 0; y < planes_[p].rows; y++, to += planes_[p].row_bytes)
            std::memcpy(to, frame.data[p] + y * frame.stride[p], static_cast<size_t>(planes_[p].row_bytes));
    const bool from_before = !key && is_still(planes_, now_.data(), before_.data());
    rest_.resize(1 + bytes_ + sound.size_bytes());
    rest_[0] = from_before ? kFromBefore : kFromAbove;
    size_t at = 0;
    for (const Plane& plane : planes_) {
        const uint8_t* past = from_before ? before_.data() + at : nullptr;
        (plane.sample_bytes == 2 ? subtract<uint16_t> : subtract<uint8_t>)(plane, now_.data() + at, past,
                                                                           rest_.data() + 1 + at);
        at += static_cast<size_t>(plane.row_bytes) * static_cast<size_t>(plane.rows);
    }
    if (!sound.empty()) std::memcpy(rest_.data() + 1 + bytes_, sound.data(), sound.size_bytes());
    packed_.resize(ZSTD_compressBound(rest_.size()));
    const size_t size = ZSTD_compress2(zstd_->pack, packed_.data(), packed_.size(), rest_.data(), rest_.size());
    if (ZSTD_isError(size) != 0)
        throw Error(ZT_ERROR_INTERNAL, std::string("cache: expected a packed frame, got ") + ZSTD_getErrorName(size));
    return {packed_.data(), size};
}

void FrameCoder::unpack(std::span<const std::byte> bytes, size_t samples, std::vector<uint8_t>& rest) {
    if (zstd_->unpack == nullptr) zstd_->unpack = ZSTD_createDCtx();
    if (zstd_->unpack == nullptr) throw Error(ZT_ERROR_MEMORY, "memory: expected room to unpack a frame, got none");
    rest.resize(1 + bytes_ + samples * sizeof(float));
    const size_t size = ZSTD_decompressDCtx(zstd_->unpack, rest.data(), rest.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(size) != 0) refuse(ZSTD_getErrorName(size));
    if (size != rest.size()) refuse("one of another size");
}

void FrameCoder::restore(std::span<const uint8_t> rest, const FrameData& frame, std::span<float> sound, bool key) {
    if (rest.size() != 1 + bytes_ + sound.size_bytes() || rest[0] > kFromBefore || (key && rest[0] != kFromAbove))
        refuse("one of another kind");
    now_.swap(before_);
    size_t at = 0;
    for (size_t p = 0; p < planes_.size(); p++) {
        const Plane& plane = planes_[p];
        const uint8_t* past = rest[0] == kFromBefore ? before_.data() + at : nullptr;
        (plane.sample_bytes == 2 ? add<uint16_t> : add<uint8_t>)(plane, rest.data() + 1 + at, past, now_.data() + at);
        for (int y = 0; y < plane.rows; y++, at += static_cast<size_t>(plane.row_bytes))
            if (frame.data[p] != nullptr)
                std::memcpy(frame.data[p] + y * frame.stride[p], now_.data() + at,
                            static_cast<size_t>(plane.row_bytes));
    }
    if (!sound.empty()) std::memcpy(sound.data(), rest.data() + 1 + bytes_, sound.size_bytes());
}

}  // namespace zt::cache
