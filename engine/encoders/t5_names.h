// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How files spell a T5 encoder: transformers, the original Wan repository, llama.cpp ("t5encoder"). Ours are transformers'. Torch-free.
#pragma once

#include "load/part_names.h"

namespace zt::encoders {

[[nodiscard]] const load::PartNames& t5_names();

inline constexpr const char* kT5Embedding = "shared.weight";
inline constexpr const char* kT5FinalNorm = "encoder.final_layer_norm.weight";

}  // namespace zt::encoders
