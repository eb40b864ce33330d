// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A clip: one picture, the sentences in force, and the frames they make of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "families/family.h"
#include "families/tableau/choreography.h"
#include "families/tableau/model_files.h"
#include "families/tableau/painter.h"

namespace zt::tableau {

inline constexpr int kChunkFrames = 6;  // at most; of large pictures fewer, so that a chunk stays small
// Frames of this size come one by one: a chunk of six would be 600 MB.
inline constexpr int64_t kLargePixels = 2'100'000;

class Generation final : public families::Generation {
public:
    Generation(std::shared_ptr<const Weights> weights, const families::GenerationRequest& request,
               at::Device device = at::kCPU);
    void limit_next(int64_t most) override { most_ = most; }
    [[nodiscard]] int64_t next_frames() const override;
    [[nodiscard]] std::optional<families::FrameBatch> next(const families::Direction& direction, const Cancel& cancel,
                                                           const families::ProgressFn& progress) override;

private:
    struct Part {  // a sentence at work
        std::shared_ptr<const Choreography> choreography;
        int64_t begin = 0;  // the frame that is its time 0
    };
    void obey(const families::Direction& direction, const families::ProgressFn& progress);
    void open_picture();
    void look_at_picture(const Cancel& cancel, const families::ProgressFn& progress);
    void show_picture(float* rgb) const;
    [[nodiscard]] double time_of(int64_t frame, const Part& part) const;  // seconds since it began
    void draw(int64_t frame, float* rgb, const Cancel& cancel);
    [[nodiscard]] double seconds(int64_t frames) const { return static_cast<double>(frames) * rate_.den / rate_.num; }

    std::shared_ptr<const Weights> weights_;
    families::GenerationRequest request_;
    zt_rational rate_;
    int64_t loop_frames_ = 0;  // after which all is as at first; 0: never
    int64_t done_ = 0, most_ = INT64_MAX, changed_ = 0;
    std::string prompt_;
    int64_t seed_ = 0;
    bool continues_ = false;  // the picture is the frame before the first
    image::Picture picture_;  // until it has been looked at
    Texture texture_;
    at::Device device_;
    std::unique_ptr<Painter> painter_;
    Choreography::Lifted lifted_ = Choreography::kNothing;  // what the painter has taken, and
    Map of_;                                                // of whom,
    std::vector<Disc> turning_;                             // or of which discs;
    bool below_ = false;                                    // and whether he goes on below
    struct {
        bool specks = false, discs = false, eyes = false, fire = false;
    } looked_;  // for them in the picture
    Sight sight_;
    Part now_, before_;  // before_: what a change comes from, while it lasts
    Look look_, old_look_;
};

}  // namespace zt::tableau
