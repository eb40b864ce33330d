// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Looks for the invisible mark in the frames of a video, of whatever size it has become. Blind: it needs the frames and
// nothing else. It reads luma alone.
//
// What it adds up: for each carrier, over the frames, how near the picture's part is to the grid of a 1,
// cos(2 pi (part / step - dither)), with the carrier's sign. Of these sums G of K carriers and their bits b, each 1
// or -1, it takes
//     T = sum(b G) / sqrt(sum(G^2)).
// The signs of the carriers were drawn by lot, independent of any picture, and so T of a video without the mark is a
// weighted sum of random signs, however much its frames resemble each other and whatever they show. Then
//     P(T >= t) <= Q(t) / (4 Q(sqrt 2)) < 3.18 Q(t),     Q(t) = erfc(t / sqrt 2) / 2
// (V. K. Bentkus, D. Dzindzalieta, "A tight Gaussian bound for weighted sums of Rademacher random variables",
// Bernoulli 21(2), 2015). T is taken of the 36 carriers of the tag, and, where the payload can be read, of all
// carriers; the latter P times 2^16, as many payloads as there are.
//
// There are three rounds, each with its share of kFalseAlarms, and each P is multiplied by the number of questions
// asked in its round (the union bound):
//   1. the frames as they are: each layout, the whole video and each span of it;
//   2. where that finds nothing, the views of views.h;
//   3. where that finds nothing, the few views whose tag is best, refined by the tag alone; then the question is put to
//      the carriers of the payload, whose signs had no part in the choice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "marks/layout.h"
#include "marks/views.h"
#include "marks/votes.h"

namespace zt::marks {

inline constexpr double kFalseAlarms = 5e-4;  // of a video without a mark, all rounds together
inline constexpr int kSpanFrames = 96;        // of the parts of a video that are looked at by themselves
inline constexpr int kMaxPictureSide = 16384, kMinPictureSide = 16;  // of what is looked at

struct Detection {
    bool found = false;
    double probability = 1.0;                  // at most: that a video without a mark would give as much
    std::optional<uint16_t> model;             // model_number(), where it can be read
    const char* size = "";                     // of the layout
    double strength = 0.0;                     // T of the tag as a share of what it can be, sqrt(36)
    int64_t first_frame = 0, last_frame = -1;  // of the span that shows it best
    bool changed = false;                      // found in another view: cut, mirrored, with bars
    View view;
};

// One thread at a time. Some 20 MB.
class Detector {
public:
    // Throws ZT_ERROR_ARGUMENT where a side is not kMinPictureSide to kMaxPictureSide.
    Detector(int width, int height);
    // luma: [height, width], full range; stride in bytes.
    void add(const uint8_t* luma, ptrdiff_t stride);
    [[nodiscard]] int64_t frames() const noexcept { return frames_; }
    // After the last frame. The second and third rounds take seconds.
    [[nodiscard]] Detection finish();

private:
    using Votes = std::vector<float>;
    struct Round {
        double share;  // of kFalseAlarms
        int64_t questions = 0;
        Detection best{};  // probability: of its one question
    };
    struct Candidate {
        View view;
        const Layout* layout;
        double tag;
    };

    void reduce(const uint8_t* luma, ptrdiff_t stride);
    void keep();
    void end_span();
    void ask(Round& round, const Layout& layout, const Votes& votes, int64_t first, int64_t last) const;
    [[nodiscard]] static Detection settled(const Round& round);
    [[nodiscard]] Inside find_inside() const;
    [[nodiscard]] Votes look(const Layout& layout, const View& view);
    [[nodiscard]] std::vector<Candidate> look_at_views(Round& round);
    void refine(Candidate& candidate);
    void ask_payload(Round& round, const Candidate& candidate);

    const int width_, height_;
    const int factor_;  // samples of the picture for one of the reduced one
    const int small_width_, small_height_;
    const double exact_width_, exact_height_;  // of the reduced one: its last samples may be of fewer
    std::vector<uint32_t> sums_;
    std::vector<float> small_;              // the reduced frame in the making
    std::vector<std::vector<float>> kept_;  // reduced frames, evenly spread
    int64_t keep_every_ = 1;
    Voter voter_;
    std::vector<ViewMaps> maps_;       // of the frames as they are, in the order of layouts()
    std::vector<Votes> span_, whole_;  // the same
    int64_t frames_ = 0, span_first_ = 0;
    Round straight_{0.5};
};

}  // namespace zt::marks
