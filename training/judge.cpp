// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Nearest-render judging; see judge.h.
#include "judge.h"

#include <algorithm>
#include <cmath>

namespace zt::training {
namespace {

using namespace world;

constexpr int kShrink = 4, kSmallWidth = kWidth / kShrink, kSmallHeight = kHeight / kShrink;
constexpr std::array<int, 6> kLooks{2, 6, 10, 14, 18, 22};   // frames compared
constexpr size_t kFrameBytes = static_cast<size_t>(kWidth) * kHeight * 3;

std::vector<float> shrink(const uint8_t* frame) {
    std::vector<float> out(static_cast<size_t>(kSmallWidth) * kSmallHeight * 3);
    for (int y = 0; y < kHeight; y++)
        for (int x = 0; x < kWidth; x++)
            for (int c = 0; c < 3; c++)
                out[static_cast<size_t>((y / kShrink * kSmallWidth + x / kShrink) * 3 + c)] +=
                    static_cast<float>(frame[(y * kWidth + x) * 3 + c]) / (255.f * kShrink * kShrink);
    return out;
}

// Mean squared difference; each value's share is bounded so that a backdrop can be told although
// a subject stands before it.
double difference(const std::vector<float>& a, const std::vector<float>& b, float bound) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++) {
        const float d = a[i] - b[i];
        sum += std::min(d * d, bound);
    }
    return sum / static_cast<double>(a.size());
}

double gradient(const uint8_t* f) {
    double sum = 0;
    for (size_t i = 0; i + 3 < kFrameBytes; i++) sum += std::abs(f[i + 3] - f[i]);
    return sum;
}

double step_size(const uint8_t* a, const uint8_t* b) {
    double sum = 0;
    for (size_t i = 0; i < kFrameBytes; i++) sum += std::abs(a[i] - b[i]);
    return sum;
}

}  // namespace

const Judge::Small& Judge::small_render(const Clip& clip, int frame) {
    const std::array<int, 8> key{clip.subject, clip.colour, clip.motion, clip.scene, clip.time, clip.layout, clip.place, frame};
    auto found = renders_.find(key);
    if (found == renders_.end()) {
        std::vector<uint8_t> bytes(kFrameBytes);
        renderer_.frame(clip, start_group(clip) * kGroupFrames + frame, bytes.data());
        found = renders_.emplace(key, shrink(bytes.data())).first;
    }
    return found->second;
}

Verdict Judge::judge(const uint8_t* frames) {
    std::vector<Small> seen;
    for (const int look : kLooks) seen.push_back(shrink(frames + static_cast<size_t>(look) * kFrameBytes));
    // Backdrop first: any one subject in front changes little under the bound.
    Clip best;
    double least = 1e9;
    for (int i = 0; i < int{kScenes} * int{kTimes} * kLayouts; i++) {
        Clip c;
        c.scene = i % kScenes, c.time = i / kScenes % kTimes, c.layout = i / (int{kScenes} * int{kTimes});
        double d = 0;
        for (size_t k = 0; k < seen.size(); k += 2) d += difference(seen[k], small_render(c, kLooks[k]), 0.01f);
        if (d < least) least = d, best = c;
    }
    least = 1e9;
    for (int i = 0; i < int{kSubjects} * int{kColours} * int{kMotions} * kPlaces; i++) {
        Clip c = best;
        c.subject = i % kSubjects, c.colour = i / kSubjects % kColours, c.motion = i / (int{kSubjects} * int{kColours}) % kMotions;
        c.place = i / (int{kSubjects} * int{kColours} * int{kMotions});
        double d = 0;
        for (size_t k = 0; k < seen.size() && d < least; k++) d += difference(seen[k], small_render(c, kLooks[k]), 1.f);
        if (d < least) least = d, best = c;
    }
    Verdict v;
    v.nearest = best;
    std::vector<uint8_t> real(kFrameBytes * 2);
    double squares = 0, sharp = 0, sharp_real = 0, moved = 0, moved_real = 0;
    for (const int look : kLooks) {
        const uint8_t* f = frames + static_cast<size_t>(look) * kFrameBytes;
        for (int k = 0; k < 2; k++) renderer_.frame(best, start_group(best) * kGroupFrames + look + k, &real[static_cast<size_t>(k) * kFrameBytes]);
        for (size_t i = 0; i < kFrameBytes; i++) squares += (f[i] - real[i]) * (f[i] - real[i]);
        sharp += gradient(f), sharp_real += gradient(real.data());
        moved += step_size(f, f + kFrameBytes), moved_real += step_size(real.data(), &real[kFrameBytes]);
    }
    v.psnr = 10 * std::log10(255.0 * 255.0 * static_cast<double>(kFrameBytes * kLooks.size()) / std::max(squares, 1.0));
    v.sharpness = sharp / std::max(sharp_real, 1.0);
    v.motion = moved / std::max(moved_real, 1.0);
    return v;
}

}  // namespace zt::training
