// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Gradients through the engine's Winograd convolutions (nn/winograd.h).
#pragma once

namespace zt::training {

// From now on those convolutions can be differentiated. Call it once, before anything is computed.
void differentiate_winograd();

}  // namespace zt::training
