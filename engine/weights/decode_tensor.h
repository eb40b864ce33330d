// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Encoded bytes as numbers: fp8, int8, blocks. On the CPU by the torch-free decoders of gguf_blocks.h; on other devices
// by tensor operations with the same results.
#pragma once

#include <ATen/ATen.h>

#include "weights/encoding.h"

namespace zt::weights {

// bytes u8 [rows, bytes of one row] -> `shape` ([rows, columns]) in `type`, on the same device.
// scale (may be undefined): fp32 [] or [rows], multiplied in fp32 before the rounding to `type`.
// table: decoding_table() of that device; undefined: made for this call if it is needed. Of NVFP4: one more factor for
// each column, fp32 [columns] (AWQ: what the inputs are to be multiplied with), or undefined.
// Throws ZT_ERROR_INTERNAL when bytes and shape do not fit the encoding, or for kDense.
[[nodiscard]] at::Tensor decode_tensor(const at::Tensor& bytes, Encoding encoding, at::IntArrayRef shape,
                                       const at::Tensor& scale, at::ScalarType type, const at::Tensor& table = {});

// Whether the codes of an encoding stand for values of a table (IQ4_NL, IQ4_XS) when tensor operations decode it.
[[nodiscard]] bool needs_table(Encoding encoding);
// That table, fp32 [16] (kvalues_iq4nl of ggml-common.h).
[[nodiscard]] at::Tensor decoding_table(at::Device device);

// The same for block types by tensor operations alone, on any device: fp32 [rows, columns].
[[nodiscard]] at::Tensor decode_blocks_by_tensor_ops(const at::Tensor& bytes, Encoding encoding,
                                                     const at::Tensor& table = {});

}  // namespace zt::weights
