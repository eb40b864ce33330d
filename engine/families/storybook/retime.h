// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Other rates than the one a model was trained at: motion keeps its speed, so pictures are shown
// longer, not played faster. Torch-free.
#pragma once

#include <memory>
#include <vector>

#include "families/family.h"

namespace zt::storybook {

// Broadcast rates, the first native. At 24000/1001 the same frames are played, 0.1 % slower, as film is.
inline constexpr zt_rational kRates[] = {{24, 1}, {24000, 1001}, {25, 1}, {30000, 1001}, {30, 1}, {48, 1}, {50, 1}, {60000, 1001}, {60, 1}};

// Most frames that `pictures` of the native rate become at another one, which is not lower.
[[nodiscard]] int64_t most_frames(int64_t pictures, zt_rational native, zt_rational rate);

// The frames at the times of a native rate that end with the newest, out of frames at another rate that is not lower:
// at most `most`, oldest first.
[[nodiscard]] std::vector<families::Picture> at_native_rate(std::vector<families::Picture> frames, zt_rational native, zt_rational rate, int64_t most);

// A generation at a higher rate than its source's: frame k of a shot shows the picture of the source that is
// there at k / rate seconds after the shot began. A shot begins with a picture of its own, whatever was shown before it.
// Nothing is blended, which would show ghosts, and no picture left out. Its chunks are those of the source.
class Retimed final : public families::Generation {
public:
    // source: endless; frames: to hand out, -1 = endless; samples: floats of a frame; rate >= native.
    Retimed(std::unique_ptr<families::Generation> source, zt_rational native, zt_rational rate, int64_t frames, size_t samples);
    void limit_next(int64_t most) override;
    [[nodiscard]] int64_t next_frames() const override;
    std::optional<families::FrameBatch> next(const families::Direction& direction, const Cancel& cancel,
                                             const families::ProgressFn& progress) override;

private:
    [[nodiscard]] int64_t picture_at(int64_t frame) const { return frame * native_ / rate_; }
    [[nodiscard]] int64_t left() const;   // frames up to the next shot or the end
    void limit_source();

    const std::unique_ptr<families::Generation> source_;
    const int64_t native_, rate_;        // pictures per `rate_` frames
    const int64_t frames_;
    const size_t samples_;
    int64_t most_ = INT64_MAX;           // frames up to the next shot
    int64_t done_ = 0;                   // frames handed out
    int64_t shown_ = 0, pictures_ = 0;   // frames handed out and pictures taken since the shot began
};

}  // namespace zt::storybook
