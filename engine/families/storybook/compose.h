// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The rasteriser: layers, one after the other, onto a picture. Torch-free.
#pragma once

#include <vector>

#include "families/storybook/layer.h"
#include "families/storybook/world.h"

namespace zt::storybook {

// A picture under work: rows of RGB and an unused value, linear in sRGB's code values.
struct Canvas {
    int width = 0, height = 0;
    std::vector<float> pixels;  // [height, width, 4]
    Canvas(int w, int h) : width(w), height(h), pixels(static_cast<size_t>(w) * static_cast<size_t>(h) * 4) {}
    float* row(int y) { return pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * 4; }
    [[nodiscard]] const float* row(int y) const {
        return pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * 4;
    }
};

// From units of the stage to the picture's pixels.
struct View {
    double scale = 1, x = 0, y = 0;  // pixel = unit * scale + (x, y)
};

// A layer with where and how it is seen.
struct Placed {
    LayerPtr layer;
    double x = 0, y = 0;        // where the anchor is, units
    double wide = 1, high = 1;  // size; negative: mirrored
    double turn = 0;            // clockwise, radians, about (0, pivot) of the layer, in units
    double pivot = 0;
    double lean = 0;  // x per y above the anchor
    Rgb mul{1, 1, 1}, add{}, tint{}, rim{};
    float opacity = 1;
};

void compose(Canvas& canvas, const View& view, const Placed& placed);

// A sky: from `top` at the upper edge of the stage to `low` at `horizon` (units) and below.
void fill_sky(Canvas& canvas, const View& view, const Rgb& top, const Rgb& low, double horizon);

// Mixes all of the picture with a colour.
void veil(Canvas& canvas, const Rgb& colour, float strength);

// A soft line from (x, y) to (x + dx, y + dy), or a dot, pixels of the picture; radius likewise.
void dash(Canvas& canvas, double x, double y, double dx, double dy, double radius, const Rgb& colour, float opacity);

// canvas = canvas * (1 - weight) + other * weight; of the same size.
void blend(Canvas& canvas, const Canvas& other, float weight);

// Planar, [3, height, width].
void write_planar(const Canvas& canvas, float* rgb);

}  // namespace zt::storybook
