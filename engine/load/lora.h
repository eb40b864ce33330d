// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Adapters applied: W' = W + scale * change, where the scale is the user's times alpha / rank and lora_set.h says
// which changes there are. Merged into dense matrices when these are read, in fp32 and rounded once; low rank parts
// stay beside encoded ones. Several files add up. The factors are read from the files each time and given back.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "core/cancel.h"
#include "load/lora_set.h"
#include "nn/packed_linear.h"

namespace zt::load {

// Adds everything that changes the tensor of ours called `name` to it, in place. Throws ZT_ERROR_IO, CANCELLED.
void merge_loras(const LoraSet& loras, const std::string& name, const at::Tensor& tensor,
                 const Cancel* cancel = nullptr);
// The low rank parts for the matrix `name` [out, in], in `type` on `device`. Not for one that changes_whole().
[[nodiscard]] std::vector<nn::LowRank> loras_beside(const LoraSet& loras, const std::string& name, int64_t out,
                                                    at::ScalarType type, at::Device device,
                                                    const Cancel* cancel = nullptr);

}  // namespace zt::load
