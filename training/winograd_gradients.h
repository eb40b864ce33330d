// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Autograd for the engine's Winograd convolutions (nn/winograd.h), which have a forward pass only.
#pragma once

namespace zt::training {

// Registers it; call once, before anything is computed.
void differentiate_winograd();

}  // namespace zt::training
