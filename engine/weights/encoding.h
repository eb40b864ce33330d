// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How a tensor's numbers lie in a file: plain types, fp8, and the block types of GGUF (numbers, sizes
// and layouts as in ggml's ggml-common.h). Torch-free.
#pragma once

#include <cstdint>
#include <string_view>

namespace zt::weights {

// clang-format off
enum class Encoding : uint8_t {
    kDense,                                   // a plain type of Dtype: nothing to decode
    kF8E4M3, kF8E5M2,                         // one byte each, times a scale kept beside
    kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ8_0,        // 32 values a block
    kQ2K, kQ3K, kQ4K, kQ5K, kQ6K,             // 256 values a block
    kIQ4NL, kIQ4XS
};
// clang-format on

// A block is the smallest run of values that can be decoded: `values` of them in `bytes`.
struct BlockShape {
    int64_t values, bytes;
};
[[nodiscard]] BlockShape block_shape(Encoding encoding) noexcept;          // kDense: {0, 0}
[[nodiscard]] std::string_view encoding_name(Encoding encoding) noexcept;  // "Q4_K"

}  // namespace zt::weights
