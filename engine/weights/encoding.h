// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How a tensor's numbers lie in a file: plain types, fp8, and the block types of GGUF (numbers, sizes
// and layouts as in ggml's ggml-common.h). Torch-free.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace zt::weights {

// clang-format off
enum class Encoding : uint8_t {
    kDense,                                   // a plain type of Dtype: nothing to decode
    kF8E4M3, kF8E5M2,                         // one byte each, times a scale kept beside
    kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ8_0,        // 32 values a block
    kQ2K, kQ3K, kQ4K, kQ5K, kQ6K,             // 256 values a block
    kIQ4NL, kIQ4XS,
    kI8,                                      // one byte each, times a factor for each row kept beside
    kI8Turned4, kI8Turned16, kI8Turned64, kI8Turned256, kI8Turned1024,  // the same, groups of columns turned; see turn.h
    kNvfp4                                    // 16 values of 4 bits behind their scale (fp8), times a factor kept beside
};
// clang-format on

// A block is the smallest run of values that can be decoded: `values` of them in `bytes`.
struct BlockShape {
    int64_t values, bytes;
};
[[nodiscard]] BlockShape block_shape(Encoding encoding) noexcept;          // kDense: {0, 0}
[[nodiscard]] std::string_view encoding_name(Encoding encoding) noexcept;  // "Q4_K"

// int8 whose columns are turned in groups of so many; 0: none are. Nothing for a group that is not read.
[[nodiscard]] constexpr std::optional<Encoding> int8_encoding(int64_t group) noexcept {
    switch (group) {
        case 0: return Encoding::kI8;
        case 4: return Encoding::kI8Turned4;
        case 16: return Encoding::kI8Turned16;
        case 64: return Encoding::kI8Turned64;
        case 256: return Encoding::kI8Turned256;
        case 1024: return Encoding::kI8Turned1024;
        default: return std::nullopt;
    }
}
[[nodiscard]] constexpr bool is_int8(Encoding encoding) noexcept {
    return encoding >= Encoding::kI8 && encoding <= Encoding::kI8Turned1024;
}
// Numbers that need factors kept beside them.
[[nodiscard]] constexpr bool needs_scale(Encoding encoding) noexcept {
    return encoding == Encoding::kF8E4M3 || encoding == Encoding::kF8E5M2 || is_int8(encoding) ||
           encoding == Encoding::kNvfp4;
}

}  // namespace zt::weights
