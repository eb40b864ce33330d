// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The block types of GGUF as numbers (layouts of ggml-common.h at ggml d99724f2). Every value is
// computed in the order of operations of gguf.quants.dequantize, so the results are the same bits.
// Any byte pattern decodes to something: blocks need no validation. Torch-free; pure functions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "weights/encoding.h"

namespace zt::weights {

struct Bf16 {
    uint16_t bits;  // the upper half of an fp32
};

// The instruction set of the loops. All give the same bits; a processor must have the one that is named.
enum class Vectors : uint8_t { kPlain, kAvx2, kAvx512 };
[[nodiscard]] Vectors widest_vectors() noexcept;  // that this processor has

// Decodes `count` blocks into count * block_shape(encoding).values numbers. `encoding` is one of the
// block types (not dense, not fp8). As Bf16: the fp32 value rounded to the nearest, ties to even.
void decode_blocks(Encoding encoding, const std::byte* blocks, int64_t count, float* out,
                   Vectors vectors = widest_vectors()) noexcept;
void decode_blocks(Encoding encoding, const std::byte* blocks, int64_t count, Bf16* out,
                   Vectors vectors = widest_vectors()) noexcept;

// IEEE half precision to single, exact.
[[nodiscard]] float half_to_float(uint16_t bits) noexcept;

}  // namespace zt::weights
