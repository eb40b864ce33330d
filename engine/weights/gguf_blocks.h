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

// Decodes `count` blocks into count * block_shape(encoding).values numbers. `encoding` is one of the
// block types (not dense, not fp8).
void decode_blocks(Encoding encoding, const std::byte* blocks, int64_t count, float* out) noexcept;

// IEEE half precision to single, exact.
[[nodiscard]] float half_to_float(uint16_t bits) noexcept;

}  // namespace zt::weights
