// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames and pictures are counted in whole numbers: native_ pictures last as long as rate_ frames.
#include "families/storybook/retime.h"

#include <algorithm>

namespace zt::storybook {
namespace {

int64_t pictures_of(zt_rational native, zt_rational rate) { return int64_t{native.num} * rate.den; }
int64_t frames_of(zt_rational native, zt_rational rate) { return int64_t{native.den} * rate.num; }

int64_t divided_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

int64_t most_frames(int64_t pictures, zt_rational native, zt_rational rate) {
    return divided_up(pictures * frames_of(native, rate), pictures_of(native, rate));
}

std::vector<families::Picture> at_native_rate(std::vector<families::Picture> frames, zt_rational native, zt_rational rate, int64_t most) {
    const int64_t in = pictures_of(native, rate), out = frames_of(native, rate);
    std::vector<families::Picture> taken;
    for (int64_t i = 0; i < most; i++) {
        const int64_t back = (2 * i * out + in) / (2 * in);   // the frame nearest to that time, from the newest back
        if (back >= static_cast<int64_t>(frames.size())) break;
        taken.push_back(std::move(frames[frames.size() - 1 - static_cast<size_t>(back)]));
    }
    std::reverse(taken.begin(), taken.end());
    return taken;
}

Retimed::Retimed(std::unique_ptr<families::Generation> source, zt_rational native, zt_rational rate, int64_t frames, size_t samples)
    : source_(std::move(source)), native_(pictures_of(native, rate)), rate_(frames_of(native, rate)), frames_(frames), samples_(samples) {
    limit_source();
}

int64_t Retimed::left() const { return frames_ < 0 ? most_ : std::min(most_, frames_ - done_); }

// As many pictures as the frames that are left can show.
void Retimed::limit_source() {
    constexpr int64_t kFar = int64_t{1} << 32;   // no chunk is as long
    if (left() > 0) source_->limit_next(picture_at(shown_ + std::min(left(), kFar) - 1) + 1 - pictures_);
}

void Retimed::limit_next(int64_t most) {
    most_ = most;
    limit_source();
}

int64_t Retimed::next_frames() const {
    if (left() <= 0) return 0;
    return std::min(divided_up((pictures_ + source_->next_frames()) * rate_, native_) - shown_, left());
}

std::optional<families::FrameBatch> Retimed::next(const families::Direction& direction, const Cancel& cancel, const families::ProgressFn& progress) {
    const int64_t frames = next_frames();
    if (frames <= 0) return std::nullopt;
    const auto made = source_->next(direction, cancel, progress);
    if (!made) return std::nullopt;
    const auto pixels = std::make_shared<std::vector<float>>(samples_ * static_cast<size_t>(frames));
    for (int64_t i = 0; i < frames; i++)
        std::copy_n(made->rgb + samples_ * static_cast<size_t>(picture_at(shown_ + i) - pictures_), samples_, pixels->data() + samples_ * static_cast<size_t>(i));
    done_ += frames;
    shown_ += frames;
    pictures_ += made->frames;
    if (most_ != INT64_MAX && (most_ -= frames) == 0) {   // the next frame begins a shot
        most_ = INT64_MAX;
        shown_ = pictures_ = 0;
    }
    limit_source();
    return families::FrameBatch{pixels, pixels->data(), frames};
}

}  // namespace zt::storybook
