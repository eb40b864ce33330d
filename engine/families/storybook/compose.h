// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The compositor: draws layers (sprites with alpha and shadow) onto a canvas, from back to front. Torch-free.
#pragma once

#include <vector>

#include "families/storybook/layer.h"
#include "families/storybook/world.h"

namespace zt::storybook {

// The frame that is drawn: RGB, and per pixel what of a ground under the picture is seen through it: as 1 at first, 0
// behind what covers. Values are sRGB code values / 255, blended as they are (no linear light); over such a ground
// they are multiplied by their alpha, which is 1 minus the fourth value.
struct Canvas {
    int width = 0, height = 0;
    std::vector<float> pixels;  // [height, width, 4]
    Canvas(int w, int h) : width(w), height(h), pixels(static_cast<size_t>(w) * static_cast<size_t>(h) * 4) {}
    float* row(int y) { return pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * 4; }
    [[nodiscard]] const float* row(int y) const {
        return pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * 4;
    }
};

// The camera: from units of the stage (world.h) to pixels of the canvas.
struct View {
    double scale = 1, x = 0, y = 0;  // pixel = unit * scale + (x, y)
};

// A layer with its transform and colours.
struct Placed {
    LayerPtr layer;
    double x = 0, y = 0;        // position of the anchor, units
    double wide = 1, high = 1;  // scale; negative: mirrored
    double turn = 0;            // rotation, clockwise radians, about the point (0, pivot) of the layer
    double pivot = 0;           // units below the anchor
    double lean = 0;            // shear: x per y above the anchor
    Rgb mul{1, 1, 1}, add{}, tint{}, rim{};
    float opacity = 1;
};

void compose(Canvas& canvas, const View& view, const Placed& placed);

// A vertical gradient: `top` at the upper edge of the stage, `low` at `horizon` (units) and below it.
void fill_sky(Canvas& canvas, const View& view, const Rgb& top, const Rgb& low, double horizon);

// Blends a colour over the whole canvas: fog, dusk. strength 0..1
void veil(Canvas& canvas, const Rgb& colour, float strength);

// A streak with soft edges from (x, y) to (x + dx, y + dy), or a dot where both are 0: rain, snow. In pixels of the
// canvas, radius too.
void dash(Canvas& canvas, double x, double y, double dx, double dy, double radius, const Rgb& colour, float opacity);

// Crossfade: canvas = canvas * (1 - weight) + other * weight. Both have the same size.
void blend(Canvas& canvas, const Canvas& other, float weight);

// Nothing on it: a ground under the picture is seen everywhere.
void clear(Canvas& canvas);

// rgb: [3, height, width]
void write_planar(const Canvas& canvas, float* rgb);

// What was drawn on a clear canvas, as two pictures of that shape: its alpha, alike in all three planes, and its
// colours, no longer multiplied. These go on for some pixels where nothing is, so that chroma samples that two pixels
// share have no foreign colour in them; beyond they are black.
void write_key(const Canvas& canvas, float* rgb);
void write_fill(const Canvas& canvas, float* rgb);

// Both as one picture with alpha, [height, width]. Its colours go on further, since who scales or codes such a picture
// mixes them over more pixels.
void write_cutout(const Canvas& canvas, float* rgb, float* alpha);

}  // namespace zt::storybook
