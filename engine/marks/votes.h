// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a detector counts: each frame votes on each carrier, and what the votes of a video without a mark may add up to
// is known (detector.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "marks/area.h"
#include "marks/layout.h"
#include "marks/views.h"

namespace zt::marks {

// The maps of a view. width, height: of the picture at hand, in samples, not always whole.
struct ViewMaps {
    AreaMap across, down;
    ViewMaps(const Layout& layout, const View& view, double width, double height, int samples_across, int samples_down)
        : across(samples_across, view.left * width, view.right * width, layout.cells_across()),
          down(samples_down, view.top * height, view.bottom * height, layout.cells_down()) {}
};

// Room for one frame at a time, so that none is allocated for each.
class Voter {
public:
    // Adds a frame's votes to those of the layout's carriers. luma: [samples_down, samples_across] as in maps.
    void add(const Layout& layout, const ViewMaps& maps, const View& view, const float* luma, int samples_across,
             std::vector<float>& votes);

private:
    std::vector<float> row_, cells_, parts_;
};

// P(T >= t) at most.
[[nodiscard]] double chance_of(double t) noexcept;

struct Verdict {
    double tag = 0.0;               // T of the tag
    std::optional<uint16_t> model;  // of the payload, where its check bits agree
    double chance = 1.0;            // that no mark gives as much, of the better of two questions
    double payload_chance = 1.0;    // the same of the payload's carriers alone, one question
};
[[nodiscard]] Verdict judge(const Layout& layout, const std::vector<float>& votes);
// T of the tag alone, for those who look for a view.
[[nodiscard]] double tag_of(const Layout& layout, const std::vector<float>& votes);

}  // namespace zt::marks
