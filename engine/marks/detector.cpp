// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See detector.h.
#include "marks/detector.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"

namespace zt::marks {

namespace {

constexpr int kSmallSide = 300;     // the longer side of a reduced frame is below twice this
constexpr size_t kViewFrames = 16;  // at least, of a long video
constexpr size_t kCandidates = 6;
constexpr float kBlack = 6.0F;  // of 255: encoders leave bars not quite black

void check_side(const char* what, int side) {
    if (side < kMinPictureSide || side > kMaxPictureSide)
        refuse(ZT_ERROR_ARGUMENT, what,
               std::to_string(kMinPictureSide) + " to " + std::to_string(kMaxPictureSide) + " pixels",
               std::to_string(side));
}

int factor_of(int width, int height) { return std::max(1, std::max(width, height) / kSmallSide); }

}  // namespace

Detector::Detector(int width, int height)
    : width_(width), height_(height), factor_(factor_of(width, height)), small_width_((width + factor_ - 1) / factor_),
      small_height_((height + factor_ - 1) / factor_), exact_width_(static_cast<double>(width) / factor_),
      exact_height_(static_cast<double>(height) / factor_) {
    check_side("width", width);
    check_side("height", height);
    sums_.resize(static_cast<size_t>(small_width_));
    small_.resize(static_cast<size_t>(small_width_) * static_cast<size_t>(small_height_));
    for (const Layout& layout : layouts()) {
        maps_.emplace_back(layout, View{}, exact_width_, exact_height_, small_width_, small_height_);
        span_.emplace_back(layout.carriers.size());
        whole_.emplace_back(layout.carriers.size());
    }
}

void Detector::reduce(const uint8_t* luma, ptrdiff_t stride) {
    for (int y = 0; y < small_height_; ++y) {
        std::fill(sums_.begin(), sums_.end(), 0U);
        const int rows = std::min(factor_, height_ - y * factor_);
        for (int n = 0; n < rows; ++n) {
            const uint8_t* const line = luma + stride * (y * factor_ + n);
            for (int x = 0, at = 0; x < small_width_; ++x) {
                uint32_t sum = 0;
                for (const int end = std::min(at + factor_, width_); at < end; ++at) sum += line[at];
                sums_[static_cast<size_t>(x)] += sum;
            }
        }
        float* const out = small_.data() + static_cast<ptrdiff_t>(y) * small_width_;
        for (int x = 0; x < small_width_; ++x) {
            const int columns = std::min(factor_, width_ - x * factor_);
            out[x] = static_cast<float>(sums_[static_cast<size_t>(x)]) / static_cast<float>(rows * columns);
        }
    }
}

// A growing distance keeps kViewFrames to twice as many, evenly spread.
void Detector::keep() {
    if (frames_ % keep_every_ != 0) return;
    kept_.push_back(small_);
    if (kept_.size() < 2 * kViewFrames) return;
    for (size_t n = 1; n < kViewFrames; ++n) kept_[n] = std::move(kept_[2 * n]);
    kept_.resize(kViewFrames);
    keep_every_ *= 2;
}

void Detector::add(const uint8_t* luma, ptrdiff_t stride) {
    reduce(luma, stride);
    keep();
    for (size_t n = 0; n < maps_.size(); ++n)
        voter_.add(layouts()[n], maps_[n], View{}, small_.data(), small_width_, span_[n]);
    ++frames_;
    if (frames_ - span_first_ == kSpanFrames) end_span();
}

void Detector::end_span() {
    for (size_t n = 0; n < span_.size(); ++n) {
        if (frames_ > kSpanFrames)  // a short clip has no parts
            ask(straight_, layouts()[n], span_[n], span_first_, frames_ - 1);
        for (size_t carrier = 0; carrier < span_[n].size(); ++carrier) whole_[n][carrier] += span_[n][carrier];
        std::fill(span_[n].begin(), span_[n].end(), 0.0F);
    }
    span_first_ = frames_;
}

void Detector::ask(Round& round, const Layout& layout, const Votes& votes, int64_t first, int64_t last) const {
    const Verdict verdict = judge(layout, votes);
    round.questions += layout.has_payload() ? 2 : 1;
    if (verdict.chance >= round.best.probability) return;
    Detection& best = round.best;
    best.probability = verdict.chance;
    best.model = verdict.model;
    best.size = layout.name;
    best.strength = verdict.tag / std::sqrt(static_cast<double>(kTagBits));
    best.first_frame = first;
    best.last_frame = last;
}

Detection Detector::settled(const Round& round) {
    Detection detection = round.best;
    detection.probability = std::min(1.0, detection.probability * static_cast<double>(round.questions) / round.share);
    detection.found = detection.probability <= kFalseAlarms;
    return detection;
}

// ---- The second and the third round ----

Inside Detector::find_inside() const {
    int left = small_width_, right = 0, top = small_height_, bottom = 0;
    for (const std::vector<float>& frame : kept_) {
        for (int y = 0; y < small_height_; ++y) {
            const float* const row = frame.data() + static_cast<ptrdiff_t>(y) * small_width_;
            for (int x = 0; x < small_width_; ++x) {
                if (row[x] < kBlack) continue;
                left = std::min(left, x);
                right = std::max(right, x + 1);
                top = std::min(top, y);
                bottom = std::max(bottom, y + 1);
            }
        }
    }
    if (left >= right || top >= bottom) return {};
    return {left / exact_width_, top / exact_height_, std::min(1.0, right / exact_width_),
            std::min(1.0, bottom / exact_height_)};
}

Detector::Votes Detector::look(const Layout& layout, const View& view) {
    const ViewMaps maps(layout, view, exact_width_, exact_height_, small_width_, small_height_);
    Votes votes(layout.carriers.size());
    for (const std::vector<float>& frame : kept_) voter_.add(layout, maps, view, frame.data(), small_width_, votes);
    return votes;
}

std::vector<Detector::Candidate> Detector::look_at_views(Round& round) {
    std::vector<Candidate> candidates;
    for (const View& view : other_views(find_inside())) {
        const bool portrait = (view.bottom - view.top) * exact_height_ > (view.right - view.left) * exact_width_;
        for (const Layout& layout : layouts()) {
            if (layout.portrait != portrait) continue;
            const Votes votes = look(layout, view);
            const double before = round.best.probability;
            ask(round, layout, votes, 0, frames_ - 1);
            if (round.best.probability < before) round.best.view = view;
            if (layout.has_payload()) candidates.push_back({view, &layout, tag_of(layout, votes)});
        }
    }
    const size_t kept = std::min(kCandidates, candidates.size());
    std::partial_sort(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(kept), candidates.end(),
                      [](const Candidate& a, const Candidate& b) { return a.tag > b.tag; });
    candidates.resize(kept);
    return candidates;
}

// Uphill, by the tag alone.
void Detector::refine(Candidate& candidate) {
    for (const double distance : {0.003, 0.0015, 0.0007}) {
        for (bool better = true; better;) {
            better = false;
            for (const View& view : neighbours(candidate.view, distance)) {
                const double tag = tag_of(*candidate.layout, look(*candidate.layout, view));
                if (tag <= candidate.tag) continue;
                candidate.tag = tag;
                candidate.view = view;
                better = true;
            }
        }
    }
}

void Detector::ask_payload(Round& round, const Candidate& candidate) {
    const Verdict verdict = judge(*candidate.layout, look(*candidate.layout, candidate.view));
    ++round.questions;
    if (verdict.payload_chance >= round.best.probability) return;
    Detection& best = round.best;
    best.probability = verdict.payload_chance;
    best.model = verdict.model;
    best.size = candidate.layout->name;
    best.strength = verdict.tag / std::sqrt(static_cast<double>(kTagBits));
    best.last_frame = frames_ - 1;
    best.view = candidate.view;
}

Detection Detector::finish() {
    if (frames_ == 0) return {};
    if (frames_ > span_first_) end_span();
    for (size_t n = 0; n < whole_.size(); ++n) ask(straight_, layouts()[n], whole_[n], 0, frames_ - 1);
    Detection detection = settled(straight_);
    if (detection.found) return detection;

    Round views{0.25}, refined{0.25};
    std::vector<Candidate> candidates = look_at_views(views);
    Detection other = settled(views);
    if (!other.found) {
        for (Candidate& candidate : candidates) {
            refine(candidate);
            ask_payload(refined, candidate);
        }
        if (const Detection last = settled(refined); last.probability < other.probability) other = last;
    }
    if (other.probability >= detection.probability) return detection;
    other.changed = true;
    return other;
}

}  // namespace zt::marks
