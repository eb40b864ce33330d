// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whoever moves far is taken out of the picture and what he hid is filled in. Torch-free.
//
// The layer is a remainder, P = picture - (1 - a) * B, where a is how far a pixel is his and B the picture without him.
// A frame is moved(P) + (1 - moved(a)) * B: at rest the picture itself, whatever the matte is worth.
#pragma once

#include <vector>

#include "families/tableau/sight.h"
#include "families/tableau/warp.h"

namespace zt::tableau {

struct Layer {
    int width = 0, height = 0;
    std::vector<float> pixels;  // [height, width, 4]: P in 0..1 (may be negative), and a
    Texture behind;             // B
    int left = 0, top = 0, right = 1 << 30,
        bottom = 1 << 30;        // beyond these columns and rows (inclusive) the layer is empty
    bool wraps = false;          // what leaves it below comes in again above
    bool goes_on_below = false;  // its lowest row goes on: the picture cuts off somebody who may rise a little
    bool goes_on = false;        // ... and so all its edges
};

enum Outline {
    kGuessed,    // the picture's own edges near it settle where he ends
    kExact,      // he ends where the map does
    kBeforeSky,  // as the first; the sky behind is soft
    kOfSpecks    // as the second, and what leaves the picture below comes in again above; specks hide too little for
                 // texture
};

[[nodiscard]] Layer lift(const Texture& picture, const Map& subject, Outline outline);
// Discs that turn on the spot: they hide what they hide.
[[nodiscard]] Layer lift(const Texture& picture, const std::vector<Disc>& discs);

// Adds the layer, seen through `net`, to rows [from, to) of a frame that shows what is behind it; planar [3, height,
// width].
void lay_rows(const Layer& layer, const Net& net, float* rgb, int from, int to);

}  // namespace zt::tableau
