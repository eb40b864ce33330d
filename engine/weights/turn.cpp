// SPDX-License-Identifier: LGPL-2.1-or-later
#include "weights/turn.h"

namespace zt::weights {

void turn_groups(float* values, int64_t count, int64_t group) noexcept {
    float factor = 1;
    for (int64_t apart = 1; apart < group; apart *= 4) {
        factor *= 0.5F;
        for (int64_t first = 0; first < count; first += 4 * apart) {
            float* at = values + first;
            for (int64_t i = 0; i < apart; ++i) {
                const float a = at[i], b = at[i + apart], c = at[i + 2 * apart], d = at[i + 3 * apart];
                const float sum = a + b, difference = a - b, other = c - d, together = c + d;
                at[i] = sum + other;
                at[i + apart] = sum - other;
                at[i + 2 * apart] = difference + together;
                at[i + 3 * apart] = together - difference;
            }
        }
    }
    for (int64_t i = 0; i < count; ++i) values[i] *= factor;
}

}  // namespace zt::weights
