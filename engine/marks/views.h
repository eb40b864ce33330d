// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What may have become of a picture on the way: the cuts, bars and other changes under which the detector looks for the
// mark when it is not where it was put.
#pragma once

#include <vector>

namespace zt::marks {

// The marked picture as seen from the one at hand: where its edges lie, in widths and heights of the one at hand. 0 and
// 1 where nothing was cut off or put around it.
struct View {
    double left = 0.0, top = 0.0, right = 1.0, bottom = 1.0;
    bool mirrored = false;  // left is right
    float gain = 1.0F;      // of luma, to bring it back
};

// The parts of a picture, from edge to edge, that are not black in any of the frames.
struct Inside {
    double left = 0.0, top = 0.0, right = 1.0, bottom = 1.0;
};

// All changes that are looked for: bars cut away, mirrored, a range of luma taken for the other, cuts of up to a tenth
// at all edges alike, at two, or at one.
[[nodiscard]] std::vector<View> other_views(const Inside& inside);
// One edge moved, or two opposite ones together, either way.
[[nodiscard]] std::vector<View> neighbours(const View& view, double distance);

}  // namespace zt::marks
