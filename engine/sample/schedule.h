// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Noise levels of a flow-matching sampler. Torch-free.
#pragma once

#include <vector>

namespace zt::sample {

// steps + 1 values of sigma from 1 to 0: u_i = 1 - i / steps, sigma = s u / (1 + (s - 1) u).
// shift s > 1 spends more steps at high noise (Esser et al. 2403.03206, section 5.3.2); 1 = even.
[[nodiscard]] std::vector<float> flow_sigmas(int steps, double shift);

}  // namespace zt::sample
