// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See views.h.
#include "marks/views.h"

namespace zt::marks {

namespace {

// Off by half of it, a carrier still tells; what lies between is found by refining.
constexpr double kCut = 0.004, kMostCut = 0.1;

// Shares of the marked picture that were cut off, seen from what is left.
View after_cut(double left, double top, double right, double bottom) {
    const double width = 1.0 - left - right, height = 1.0 - top - bottom;
    return {-left / width, -top / height, 1.0 + right / width, 1.0 + bottom / height};
}

}  // namespace

std::vector<View> other_views(const Inside& inside) {
    std::vector<View> views;
    if (inside.left > 0.0 || inside.top > 0.0 || inside.right < 1.0 || inside.bottom < 1.0)
        views.push_back({inside.left, inside.top, inside.right, inside.bottom});
    views.push_back({0.0, 0.0, 1.0, 1.0, true});
    // 16..235 read as 0..255, and the other way round.
    for (const float gain : {255.0F / 219.0F, 219.0F / 255.0F}) views.push_back({0.0, 0.0, 1.0, 1.0, false, gain});
    for (int n = 1; n * kCut <= kMostCut + 1e-9; ++n) {
        const double all = n * kCut, half = all / 2.0;
        views.push_back(after_cut(half, half, half, half));
        views.push_back(after_cut(half, 0.0, half, 0.0));
        views.push_back(after_cut(0.0, half, 0.0, half));
        views.push_back(after_cut(all, 0.0, 0.0, 0.0));
        views.push_back(after_cut(0.0, all, 0.0, 0.0));
        views.push_back(after_cut(0.0, 0.0, all, 0.0));
        views.push_back(after_cut(0.0, 0.0, 0.0, all));
    }
    return views;
}

std::vector<View> neighbours(const View& view, double distance) {
    std::vector<View> all;
    for (const double by : {-distance, distance}) {
        for (double View::*const edge : {&View::left, &View::top, &View::right, &View::bottom}) {
            all.push_back(view);
            all.back().*edge += by;
        }
        all.push_back(view);
        all.back().left += by;
        all.back().right += by;
        all.push_back(view);
        all.back().top += by;
        all.back().bottom += by;
    }
    return all;
}

}  // namespace zt::marks
