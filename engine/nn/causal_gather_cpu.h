// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The kernels behind causal_gather.h for fp32 and bf16 on CPUs: one pass over the values each. They are
// compiled for several instruction sets and choose at run time; the order of every sum is fixed by
// the shape, so that bytes depend neither on the machine nor on the number of threads.
#pragma once

#include "nn/causal_gather.h"

namespace zt::nn::cpu {

// Sum and sum of squares of x - x[0, 0, 0] over frames, rows and columns, fp64 [2, channel].
[[nodiscard]] at::Tensor moments(const at::Tensor& x);
[[nodiscard]] at::Tensor gather(const at::Tensor& x, const ChannelAffine& affine, const Window& window);

}  // namespace zt::nn::cpu
