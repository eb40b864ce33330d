// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See inspect.h.
#include "families/testcard/inspect.h"

namespace zt::testcard {

families::Inspector inspector() {
    return {.name = "testcard",
            .built_in = true,
            .has_weights = false,
            .plans = false,
            .options = {{"delay_ms", "how long each chunk takes at least"},
                        {"nan_frame", "the frame that has no numbers, to see what a host makes of it"},
                        {"image", "never, optional or required: whether it takes a picture"},
                        {"size", "own, or that of the picture"},
                        {"sample_rate", "of its sound, in hertz; 0 = mute"}},
            .report = [](const families::InspectRequest&) -> std::string {
                return "family     testcard, a moving pattern with a clock: no weights, nothing is learnt\n"
                       "clips      256x144 or any even size from 16x16 to 4096x4096, any length\n";
            }};
}

}  // namespace zt::testcard
