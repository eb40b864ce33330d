// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See layout.h. Every operation on positions is in the order and type of the reference: positions are compared bit by
// bit, because a shift of all of them hardly shows in a clip.
#include "families/minimax_h3/layout.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/text_number.h"

namespace zt::minimax_h3 {
namespace {

constexpr double kShortSide = 768, kMostPixels = 768.0 * 1344.0, kWidest = 4;
constexpr double kFrameTime = 5.0 / 3.0;  // of a picture: an audio latent takes 1
constexpr std::array<int, kClipLatents> kFramesOfLatent = {1, 4, 4, 4, 4};
constexpr double kGridScale = 32;

double span_of(int64_t latent) { return kFrameTime * kFramesOfLatent[static_cast<size_t>(latent % kClipLatents)]; }

// Positions along one side of `latents`, two latents each: centred, and in units in which the area is one.
std::vector<double> side(int64_t latents, double root_area) {
    const int64_t count = latents / 2;
    const double ratio = static_cast<double>(latents) / root_area, left = (1.0 - ratio) / 2.0, right = left + ratio;
    const double step = (right - left) / static_cast<double>(count);  // as numpy's linspace without its end
    std::vector<double> positions;
    for (int64_t i = 0; i < count; i++) positions.push_back((static_cast<double>(i) * step + left) * kGridScale);
    return positions;
}

struct Grid {
    std::vector<double> rows, columns;
};
Grid grid_of(const Geometry& g) {
    const double root = std::sqrt(static_cast<double>(g.height * g.width));
    return {side(g.height, root), side(g.width, root)};
}

// numpy's sum of a list: eight running sums, halves above 128 numbers. A running sum differs in the last bit.
double pairwise(std::span<const double> a) {
    constexpr size_t kLanes = 8, kMostAtOnce = 128;
    if (a.size() < kLanes) {
        double sum = 0;
        for (const double v : a) sum += v;
        return sum;
    }
    if (a.size() > kMostAtOnce) {
        const size_t half = a.size() / 2 / kLanes * kLanes;
        return pairwise(a.first(half)) + pairwise(a.subspan(half));
    }
    std::array<double, kLanes> r{};
    std::copy_n(a.begin(), kLanes, r.begin());
    size_t i = kLanes;
    for (; i + kLanes <= a.size(); i += kLanes)
        for (size_t k = 0; k < kLanes; k++) r[k] += a[i + k];
    double sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < a.size(); i++) sum += a[i];
    return sum;
}

class Builder {
public:
    explicit Builder(const Geometry& geometry) : grid_(grid_of(geometry)) { layout_.geometry = geometry; }

    void text(std::span<const Tag> tags) {
        begin(Role::kText);
        for (const Tag tag : tags) row(static_cast<double>(layout_.rows()), 0, 0, tag);
        clock_ = static_cast<double>(tags.size());
        end();
    }
    void keyframe(Anchor anchor) {
        begin(Role::kKeyframe);
        frame(anchor == Anchor::kFirst ? clock_ : clock_ + all_spans() - kFrameTime);
        end();
    }
    void audio() {
        begin(Role::kAudio);
        for (const double column : {grid_.columns.front(), grid_.columns.back()})  // left, right
            for (int64_t i = 0; i < layout_.geometry.audio; i++)
                row(clock_ + static_cast<double>(i), 0, column, Tag::kAudio);
        end();
    }
    void video() {
        begin(Role::kVideo);
        double passed = 0;
        for (int64_t f = 0; f < layout_.geometry.frames; f++) {
            frame(clock_ + passed);
            passed += span_of(f);
        }
        end();
    }
    [[nodiscard]] Layout take() { return std::move(layout_); }

private:
    void begin(Role role) { layout_.segments.push_back({role, layout_.rows(), 0}); }
    void end() { layout_.segments.back().count = layout_.rows() - layout_.segments.back().begin; }
    void row(double t, double h, double w, Tag tag) {
        layout_.positions.push_back({t, h, w});
        layout_.tags.push_back(tag);
    }
    void frame(double time) {
        for (const double h : grid_.rows)
            for (const double w : grid_.columns) row(time, h, w, Tag::kVideo);
    }
    [[nodiscard]] double all_spans() const {
        std::vector<double> spans;
        for (int64_t f = 0; f < layout_.geometry.frames; f++) spans.push_back(span_of(f));
        return pairwise(spans);
    }

    Grid grid_;
    Layout layout_;
    double clock_ = 0;  // where pictures and sound begin: behind the text
};

int64_t nearest_step(int64_t pixels) {
    constexpr int64_t kMost = int64_t{1} << 40;  // beyond, the sum would leave its range
    return std::max<int64_t>(kSizeStep, (std::min(pixels, kMost) + kSizeStep / 2) / kSizeStep * kSizeStep);
}

std::string shown(int64_t width, int64_t height) { return std::to_string(width) + "x" + std::to_string(height); }

}  // namespace

Canvas canvas_of(double aspect_width, double aspect_height) {
    const double ratio = aspect_width / aspect_height;
    if (!(aspect_width > 0 && aspect_height > 0 && ratio >= 1 / kWidest && ratio <= kWidest))
        throw Error(ZT_ERROR_ARGUMENT, "size: expected an aspect ratio of 1:4 to 4:1, got " + to_text(aspect_width) +
                                           ":" + to_text(aspect_height));
    double width = ratio >= 1 ? kShortSide * ratio : kShortSide, height = ratio >= 1 ? kShortSide : kShortSide / ratio;
    if (width * height > kMostPixels) {
        const double scale = std::sqrt(kMostPixels / (width * height));
        width *= scale, height *= scale;
    }
    const auto whole = [](double pixels) {  // halves to the even step
        const double steps = pixels / kSizeStep, below = std::floor(steps), part = steps - below;
        const bool up = part > 0.5 || (part == 0.5 && std::fmod(below, 2.0) != 0);
        return std::max<int64_t>(kSizeStep, static_cast<int64_t>(below + (up ? 1 : 0)) * kSizeStep);
    };
    return {whole(width), whole(height)};
}

void check_canvas(int64_t width, int64_t height) {
    if (width > 0 && height > 0 && width % kSizeStep == 0 && height % kSizeStep == 0) return;
    throw Error(ZT_ERROR_ARGUMENT, "size: expected multiples of 32, the nearest are " +
                                       shown(nearest_step(width), nearest_step(height)) + ", got " +
                                       shown(width, height));
}

int64_t clip_frames(int64_t frames) {
    const int64_t clips = (std::max<int64_t>(frames, 0) - kTailFrames + kClipFrames - 1) / kClipFrames;
    return std::max<int64_t>(1, clips) * kClipFrames + kTailFrames;
}

void check_frames(int64_t frames) {
    if (frames >= kClipFrames + kTailFrames && frames <= kMostFrames && clip_frames(frames) == frames) return;
    const int64_t above = std::min(clip_frames(std::min(frames, kMostFrames)), kMostFrames),
                  below = std::max(kClipFrames + kTailFrames, above - kClipFrames);
    const std::string near = frames > kMostFrames ? std::to_string(kMostFrames)
                             : frames < below     ? std::to_string(below)
                                                  : std::to_string(below) + " and " + std::to_string(above);
    throw Error(ZT_ERROR_ARGUMENT, "frames: expected 17 n + 5 up to " + std::to_string(kMostFrames) + ", nearest " +
                                       near + ", got " + std::to_string(frames));
}

int64_t latent_frames(int64_t frames) { return (frames - kTailFrames) / kClipFrames * kClipLatents + kTailLatents; }

int64_t audio_latents(int64_t frames) {
    // In doubles, in this order: where the quotient is not exact the reference's rounding decides.
    const double latents = static_cast<double>(frames) / static_cast<double>(kFramesPerSecond) *
                           static_cast<double>(kAudioLatentsPerSecond);
    const double below = std::floor(latents), part = latents - below;
    const bool up = part > 0.5 || (part == 0.5 && std::fmod(below, 2.0) != 0);
    return static_cast<int64_t>(below) + (up ? 1 : 0);
}

Geometry geometry_of(int64_t frames, Canvas canvas) {
    return {latent_frames(frames), canvas.height / kLatentPixels, canvas.width / kLatentPixels, audio_latents(frames)};
}

int64_t Layout::begin_of(Role role) const {
    for (const Segment& s : segments)
        if (s.role == role) return s.begin;
    return -1;
}

int64_t Layout::count_of(Role role) const {
    int64_t count = 0;
    for (const Segment& s : segments) count += s.role == role ? s.count : 0;
    return count;
}

Layout make_layout(std::span<const Tag> text, const Geometry& geometry, std::span<const Anchor> anchors) {
    Builder builder(geometry);
    builder.text(text);
    for (const Anchor anchor : anchors) builder.keyframe(anchor);
    builder.audio();
    builder.video();
    return builder.take();
}

float time_of(Role role, float video, float audio) {
    switch (role) {
        case Role::kKeyframe: return std::max(video, kKeyframeTime);
        case Role::kAudio: return audio;
        default: return video;  // the prompt's rows too
    }
}

int64_t Times::index_of(float time) const {
    const auto found = std::lower_bound(distinct.begin(), distinct.end(), time);
    if (found == distinct.end() || *found != time)
        throw Error(ZT_ERROR_INTERNAL, "times: expected one of the schedule, got " + to_text(time));
    return found - distinct.begin();
}

Times times_of(const Layout& layout, std::span<const float> video, std::span<const float> audio) {
    Times times;
    for (size_t step = 0; step < video.size(); step++)
        for (const Segment& s : layout.segments)
            if (s.count > 0) times.distinct.push_back(time_of(s.role, video[step], audio[step]));
    std::sort(times.distinct.begin(), times.distinct.end());
    times.distinct.erase(std::unique(times.distinct.begin(), times.distinct.end()), times.distinct.end());
    return times;
}

}  // namespace zt::minimax_h3
