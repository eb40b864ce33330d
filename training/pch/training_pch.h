// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Precompiled for the trainer, which alone needs autograd's headers.
#include <torch/torch.h>
