// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Nearest-render judging; see judge.h.
#include "judge.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "world/subject.h"

namespace zt::training {
namespace {

using namespace world;

constexpr int kShrink = 4, kSmallWidth = kWidth / kShrink, kSmallHeight = kHeight / kShrink;
constexpr size_t kSmallValues = static_cast<size_t>(kSmallWidth) * kSmallHeight * 3;
constexpr std::array<int, 6> kLooks{2, 6, 10, 13, 18, 23};   // frames compared
constexpr size_t kFrameBytes = static_cast<size_t>(kWidth) * kHeight * 3;

std::vector<float> shrink(const uint8_t* frame) {
    std::vector<float> out(kSmallValues);
    for (int y = 0; y < kSmallHeight; y++) {
        std::array<int, static_cast<size_t>(kSmallWidth) * 3> sums{};
        for (int row = 0; row < kShrink; row++) {
            const uint8_t* pixels = frame + (y * kShrink + row) * kWidth * 3;
            for (int x = 0; x < kSmallWidth; x++)
                for (int c = 0; c < 3; c++)
                    for (int k = 0; k < kShrink; k++) sums[static_cast<size_t>(x * 3 + c)] += pixels[(x * kShrink + k) * 3 + c];
        }
        for (size_t i = 0; i < sums.size(); i++) out[static_cast<size_t>(y) * sums.size() + i] = static_cast<float>(sums[i]) / (255.f * kShrink * kShrink);
    }
    return out;
}

// Mean squared difference to a stored picture; each value's share is bounded so that a backdrop can
// be told although a subject stands before it.
double bounded_difference(const std::vector<float>& a, const std::vector<uint8_t>& b, float bound) {
    float sum = 0;
    for (size_t i = 0; i < kSmallValues; i++) {
        const float d = a[i] - static_cast<float>(b[i]) / 255.f;
        sum += std::min(d * d, bound);
    }
    return sum;
}

// What one subject's colour adds to a small picture: value = base + gain * colour of its channel.
struct Layer {
    std::vector<float> base, gain;
};

// Sum over columns left..right of the squared difference for one colour.
double tinted_difference(const std::vector<float>& seen, const Layer& layer, Rgb colour, int left, int right) {
    const float c[3] = {colour.r, colour.g, colour.b};
    float sum = 0;
    for (int y = 0; y < kSmallHeight; y++)
        for (int x = left; x < right; x++)
            for (int k = 0; k < 3; k++) {
                const auto i = static_cast<size_t>((y * kSmallWidth + x) * 3 + k);
                const float d = seen[i] - layer.base[i] - layer.gain[i] * c[k];
                sum += d * d;
            }
    return sum;
}

// Sums for a projection: how much of the real change is in the seen one.
struct Projection {
    double part = 0, whole = 0;
    void add(double seen, double real) {
        part += seen * real;
        whole += real * real;
    }
    [[nodiscard]] double value() const { return part / std::max(whole, 1.0); }
};

}  // namespace

const std::vector<uint8_t>& Judge::small_backdrop(const Clip& clip, int frame) {
    const std::array<int, 7> key{clip.scene, clip.time, clip.layout, clip.style, clip.weather, clip.camera, frame};
    auto found = backdrops_.find(key);
    if (found == backdrops_.end()) {
        std::vector<uint8_t> bytes(kFrameBytes), small(kSmallValues);
        renderer_.empty_frame(clip, frame, bytes.data());
        const std::vector<float> values = shrink(bytes.data());
        std::transform(values.begin(), values.end(), small.begin(), [](float v) { return static_cast<uint8_t>(v * 255.f + 0.5f); });
        found = backdrops_.emplace(key, std::move(small)).first;
    }
    return found->second;
}

Clip Judge::find_backdrop(const std::vector<Small>& seen) {
    const Scope& s = scope_;
    Clip best;
    double least = 1e9;
    const int count = s.scenes * s.times * kLayouts * s.styles * s.weathers * s.cameras;
    for (int i = 0; i < count; i++) {
        int rest = i;
        const auto digit = [&](int n) { const int d = rest % n; rest /= n; return d; };
        Clip c;
        c.scene = digit(s.scenes), c.time = digit(s.times), c.layout = digit(kLayouts);
        c.style = digit(s.styles), c.weather = digit(s.weathers), c.camera = digit(s.cameras);
        double d = 0;
        for (size_t k = 1; k < seen.size() && d < least; k += 2) d += bounded_difference(seen[k], small_backdrop(c, kLooks[k]), 0.006f);
        if (d < least) least = d, best = c;
    }
    return best;
}

// How well each subject in its best colour explains what is seen, in some of the looks; as a pair the
// halves of the picture are told apart, since each of the two stays in its own.
std::array<Judge::Fit, 2> Judge::fit(const std::vector<Small>& seen, Clip clip, bool pair, const std::vector<size_t>& looks) {
    std::vector<uint8_t> bytes(kFrameBytes);
    std::vector<Layer> layers(looks.size());
    for (size_t k = 0; k < looks.size(); k++) {
        const Renderer::Tint dark{}, bright{{1, 1, 1}, {1, 1, 1}};
        renderer_.frame(clip, kLooks[looks[k]], bytes.data(), &dark);
        layers[k].base = shrink(bytes.data());
        renderer_.frame(clip, kLooks[looks[k]], bytes.data(), &bright);
        layers[k].gain = shrink(bytes.data());
        for (size_t i = 0; i < kSmallValues; i++) layers[k].gain[i] -= layers[k].base[i];
    }
    std::array<Fit, 2> best;
    for (int side = 0; side < (pair ? 2 : 1); side++) {
        Fit& b = best[static_cast<size_t>(side)];
        b = {clip.motion, clip.subject, 0, 1e9};
        const int left = side * kSmallWidth / 2, right = pair ? left + kSmallWidth / 2 : kSmallWidth;
        for (int colour = 0; colour < scope_.colours; colour++) {
            double d = 0;
            for (size_t k = 0; k < looks.size() && d < b.difference; k++) d += tinted_difference(seen[looks[k]], layers[k], subject_colour(colour), left, right);
            if (d < b.difference) b.colour = colour, b.difference = d;
        }
    }
    return best;
}

// First everything in two looks, then the likely ones in all.
Judge::Guess Judge::find_subjects(const std::vector<Small>& seen, Clip clip, bool pair) {
    constexpr size_t kLikelyMotions = 3, kLikelySubjects = 4;
    const size_t sides = pair ? 2 : 1;
    struct Motion {
        std::array<std::vector<Fit>, 2> fits;   // by side, best first
        double difference = 0;
    };
    const auto show = [&](int motion, int subject) {
        clip.motion = motion, clip.subject = subject;
        clip.companion = pair ? subject : -1;
    };
    std::vector<Motion> motions(static_cast<size_t>(scope_.motions));
    for (size_t m = 0; m < motions.size(); m++) {
        for (int subject = 0; subject < scope_.subjects; subject++) {
            show(static_cast<int>(m), subject);
            const auto fits = fit(seen, clip, pair, {1, 4});
            for (size_t s = 0; s < sides; s++) motions[m].fits[s].push_back(fits[s]);
        }
        for (size_t s = 0; s < sides; s++) {
            std::ranges::sort(motions[m].fits[s], {}, &Fit::difference);
            motions[m].difference += motions[m].fits[s].front().difference;
        }
    }
    std::ranges::sort(motions, {}, &Motion::difference);
    std::vector<size_t> all(seen.size());
    std::iota(all.begin(), all.end(), size_t{0});
    Guess best;
    for (size_t m = 0; m < std::min(kLikelyMotions, motions.size()); m++) {
        std::array<Fit, 2> found;
        found[0].difference = 1e9, found[1].difference = pair ? 1e9 : 0;
        for (size_t s = 0; s < sides; s++)
            for (size_t i = 0; i < std::min(kLikelySubjects, motions[m].fits[s].size()); i++) {
                const Fit& likely = motions[m].fits[s][i];
                show(likely.motion, likely.subject);
                const Fit exact = fit(seen, clip, pair, all)[s];
                if (exact.difference < found[s].difference) found[s] = exact;
            }
        const double d = found[0].difference + found[1].difference;
        if (d >= best.difference) continue;
        Clip c = clip;
        c.motion = found[0].motion, c.subject = found[0].subject, c.colour = found[0].colour;
        c.companion = pair ? found[1].subject : -1, c.companion_colour = pair ? found[1].colour : 0;
        best = {c, d};
    }
    return best;
}

Verdict Judge::judge(const uint8_t* frames) {
    std::vector<Small> seen;
    for (const int look : kLooks) seen.push_back(shrink(frames + static_cast<size_t>(look) * kFrameBytes));
    const Clip backdrop = find_backdrop(seen);
    Guess guess = find_subjects(seen, backdrop, false);
    if (scope_.duo > 0)
        if (const Guess two = find_subjects(seen, backdrop, true); two.difference < guess.difference) guess = two;
    Verdict v;
    v.nearest = guess.clip;
    std::vector<uint8_t> real(kFrameBytes * 2);
    // Where the subject is: errors of the backdrop are not held against it.
    double empty = 1e-9, left = 0;
    for (size_t k = 0; k < seen.size(); k++) {
        renderer_.frame(v.nearest, kLooks[k], real.data());
        const Small with = shrink(real.data());
        const std::vector<uint8_t>& without = small_backdrop(backdrop, kLooks[k]);
        for (size_t i = 0; i < kSmallValues; i++) {
            const float bare = static_cast<float>(without[i]) / 255.f;
            if (std::abs(with[i] - bare) < 0.03f) continue;
            empty += (seen[k][i] - bare) * (seen[k][i] - bare);
            left += (seen[k][i] - with[i]) * (seen[k][i] - with[i]);
        }
    }
    v.explained = 1.0 - left / empty;
    double squares = 0;
    std::vector<uint8_t> empty_stage(kFrameBytes);
    std::array<Projection, 2> edges;   // behind the subjects, and of these
    Projection motion;
    for (const int look : kLooks) {
        const bool last = look + 1 >= kJudgedFrames;
        const uint8_t *f = frames + static_cast<size_t>(last ? look - 1 : look) * kFrameBytes, *next = f + kFrameBytes;
        for (int k = 0; k < 2; k++) renderer_.frame(v.nearest, (last ? look - 1 : look) + k, &real[static_cast<size_t>(k) * kFrameBytes]);
        renderer_.empty_frame(v.nearest, last ? look - 1 : look, empty_stage.data());
        for (size_t i = 0; i < kFrameBytes; i++) {
            squares += (f[i] - real[i]) * (f[i] - real[i]);
            motion.add(next[i] - f[i], real[kFrameBytes + i] - real[i]);
            if (i + 3 < kFrameBytes) edges[real[i] != empty_stage[i] || real[i + 3] != empty_stage[i + 3]].add(f[i + 3] - f[i], real[i + 3] - real[i]);
        }
    }
    v.psnr = 10 * std::log10(255.0 * 255.0 * static_cast<double>(kFrameBytes * kLooks.size()) / std::max(squares, 1.0));
    v.sharpness = (edges[0].part + edges[1].part) / std::max(edges[0].whole + edges[1].whole, 1.0);
    v.behind = edges[0].value(), v.cast = edges[1].value();
    v.motion = motion.value();
    return v;
}

}  // namespace zt::training
