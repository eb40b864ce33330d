// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Four-bit matrices of NVIDIA's kind as ComfyUI stores them: two values a byte, the first in the high bits; for each 16
// of a row a scale in fp8, which lie in tiles that suit cuBLAS; one factor for the matrix. In memory a scale stands in
// front of its values. Torch-free; pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zt::weights {

inline constexpr int64_t kNvfp4Values = 16, kNvfp4Bytes = 9;  // of a block in memory
inline constexpr int64_t kNvfp4TileRows = 128;                // of scales that lie together in a file

// Scales of a matrix in a file: whole tiles of 128 rows and 4 blocks.
[[nodiscard]] int64_t nvfp4_scale_rows(int64_t rows) noexcept;
[[nodiscard]] int64_t nvfp4_scale_columns(int64_t columns) noexcept;
// The bytes of the scales of one tile of rows.
[[nodiscard]] int64_t nvfp4_tile_bytes(int64_t columns) noexcept;
// One row as blocks. values: its bytes in the file, columns / 2; tile: scales of the tile it is in; row: in that tile;
// out: columns / 16 * 9 bytes.
void nvfp4_row(const std::byte* values, const std::byte* tile, int64_t row, int64_t columns, std::byte* out) noexcept;
// value times (factor times scale), as comfy-kitchen multiplies.
void decode_nvfp4(const std::byte* blocks, int64_t count, float factor, float* out) noexcept;

}  // namespace zt::weights
