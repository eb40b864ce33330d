// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The text of the visible label as coverage of pixels, from outlines that are part of the program: no font is looked
// for when it runs.
#pragma once

#include <string_view>
#include <vector>

namespace zt::marks {

// How far the text reaches, in ems: above and below the baseline, and to the right.
inline constexpr double kAboveBaseline = 0.86, kBelowBaseline = 0.23;
[[nodiscard]] double text_width(std::u32string_view text);

// [height, width] of coverage, 0..1: adds the text, its baseline at y (down), beginning at x, one em being so many
// pixels. What lies outside is left out. A character without an outline is an error of the program: it throws
// ZT_ERROR_INTERNAL.
void draw_text(std::u32string_view text, double x, double y, double em, int width, int height,
               std::vector<float>& coverage);

}  // namespace zt::marks
