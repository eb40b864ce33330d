// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the test card sounds like: left a tone of 1000 Hz at each full second of the clip, right one of 2000 Hz at each
// cut, each a tenth of a second long, and silence between. A tone begins with its peak, so its first sample is found
// without doubt; which side it is on tells whether channels were swapped.
#pragma once

#include <cstdint>
#include <vector>

namespace zt::families::testcard {

inline constexpr int kChannels = 2;
inline constexpr float kLoudness = 0.5F;

// One clip. One thread at a time.
class Sound {
public:
    explicit Sound(int sample_rate) : sample_rate_(sample_rate) {}
    // A cut is heard from this sample on.
    void cut(int64_t sample) { cut_ = sample; }
    // Samples [begin, end) of the clip, interleaved.
    [[nodiscard]] std::vector<float> make(int64_t begin, int64_t end) const;

private:
    [[nodiscard]] float tone(int64_t since, int hertz) const;

    const int sample_rate_;
    int64_t cut_ = -1;  // where the newest one begins; -1 before any
};

}  // namespace zt::families::testcard
