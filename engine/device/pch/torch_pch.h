// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Precompiled for every file that may see LibTorch: the ATen level only (style: never torch/torch.h).
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
