// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Matrices whose type alone does not tell what their numbers mean: ComfyUI puts a JSON text beside each, the tensor
// "<module>.comfy_quant", or all of them into the header. Torch-free.
#pragma once

#include "weights/checkpoint.h"

namespace zt::load {

// Gives every int8 and NVFP4 matrix that such a mark is about its encoding, and checks all marks: fp8 (float8_e4m3fn,
// float8_e5m2) needs none. The JSON is read, never assumed: the group that columns are turned in is the mark's.
// Throws ZT_ERROR_WEIGHTS for a mark that is none, an unknown format, one that does not fit its matrix.
void apply_quantisation(weights::Checkpoint& file);
// The check alone.
void check_quantisation(const weights::Checkpoint& file);

}  // namespace zt::load
