// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See sound.h.
#include "families/testcard/sound.h"

#include <cmath>
#include <numbers>

namespace zt::families::testcard {

float Sound::tone(int64_t since, int hertz) const {
    if (since < 0 || since >= sample_rate_ / 10) return 0.0F;
    return kLoudness * static_cast<float>(std::cos(2.0 * std::numbers::pi * hertz * static_cast<double>(since) /
                                                   static_cast<double>(sample_rate_)));
}

std::vector<float> Sound::make(int64_t begin, int64_t end) const {
    std::vector<float> samples;
    samples.reserve(static_cast<size_t>((end - begin) * kChannels));
    for (int64_t sample = begin; sample < end; ++sample) {
        samples.push_back(tone(sample % sample_rate_, 1000));
        samples.push_back(cut_ < 0 ? 0.0F : tone(sample - cut_, 2000));
    }
    return samples;
}

}  // namespace zt::families::testcard
