// SPDX-License-Identifier: LGPL-2.1-or-later
#include "weights/nvfp4.h"

#include <array>
#include <bit>
#include <cstring>

namespace zt::weights {
namespace {

constexpr int64_t kTileBlocks = 4, kInterleaved = 32;  // blocks and rows that lie together in a tile
constexpr std::array<float, 16> kValues = {0, 0.5F, 1, 1.5F, 2, 3, 4, 6, -0.0F, -0.5F, -1, -1.5F, -2, -3, -4, -6};

int64_t whole(int64_t count, int64_t unit) noexcept { return (count + unit - 1) / unit * unit; }

// fp8 with four bits of exponent; no infinities.
float e4m3(std::byte byte) noexcept {
    const auto bits = static_cast<uint32_t>(byte), magnitude = bits & 0x7f, sign = (bits & 0x80) << 24;
    if (magnitude == 0x7f) return std::bit_cast<float>(sign | 0x7fc00000U);
    const float value = magnitude >= 8 ? std::bit_cast<float>((magnitude << 20) + (120U << 23))
                                       : static_cast<float>(magnitude) * 0x1p-9F;  // subnormal, exact
    return sign != 0 ? -value : value;
}

}  // namespace

int64_t nvfp4_scale_rows(int64_t rows) noexcept { return whole(rows, kNvfp4TileRows); }
int64_t nvfp4_scale_columns(int64_t columns) noexcept { return whole(columns / kNvfp4Values, kTileBlocks); }
int64_t nvfp4_tile_bytes(int64_t columns) noexcept { return kNvfp4TileRows * nvfp4_scale_columns(columns); }

void nvfp4_row(const std::byte* values, const std::byte* tile, int64_t row, int64_t columns, std::byte* out) noexcept {
    constexpr int64_t kHalf = kNvfp4Values / 2;
    for (int64_t block = 0; block < columns / kNvfp4Values; ++block, out += kNvfp4Bytes, values += kHalf) {
        const int64_t at = block / kTileBlocks * (kNvfp4TileRows * kTileBlocks) +
                           row % kInterleaved * (kNvfp4TileRows / kInterleaved * kTileBlocks) +
                           row / kInterleaved * kTileBlocks + block % kTileBlocks;
        out[0] = tile[at];
        std::memcpy(out + 1, values, kHalf);
    }
}

void decode_nvfp4(const std::byte* blocks, int64_t count, float factor, float* out) noexcept {
    for (int64_t i = 0; i < count; ++i, blocks += kNvfp4Bytes, out += kNvfp4Values) {
        const float scale = factor * e4m3(blocks[0]);
        for (int64_t j = 0; j < kNvfp4Values / 2; ++j) {
            const auto two = static_cast<uint8_t>(blocks[j + 1]);
            out[2 * j] = kValues[two >> 4] * scale;
            out[2 * j + 1] = kValues[two & 15] * scale;
        }
    }
}

}  // namespace zt::weights
