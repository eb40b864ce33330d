// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Schedules; see schedule.h.
#include "sample/schedule.h"

namespace zt::sample {

std::vector<float> flow_sigmas(int steps, double shift) {
    std::vector<float> sigmas;
    for (int i = 0; i <= steps; i++) {
        // The last level is exactly 0 whatever the rounding.
        const double u = i == steps ? 0.0 : 1.0 - static_cast<double>(i) / steps;
        sigmas.push_back(static_cast<float>(shift * u / (1.0 + (shift - 1.0) * u)));
    }
    return sigmas;
}

}  // namespace zt::sample
