// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames from a picture's own pixels: each pixel of a frame is looked up somewhere in the picture. Torch-free.
#pragma once

#include <cstddef>
#include <vector>

namespace zt::tableau {

// A picture as the warp reads it: 0..1, a fourth value per pixel is free, so that a pixel fills a register.
struct Texture {
    int width = 0, height = 0;
    std::vector<float> pixels;  // [height, width, 4]
};

// Where frames look: source places for the corners of a net of equal cells over the frame, in the picture's pixels, a
// pixel's centre being a whole number. Between corners places are interpolated linearly.
struct Net {
    int columns = 0, rows = 0;  // cells
    std::vector<float> x, y;    // [rows + 1, columns + 1]
    Net() = default;
    Net(int c, int r) : columns(c), rows(r), x(static_cast<size_t>(c + 1) * static_cast<size_t>(r + 1)), y(x.size()) {}
};

// Rows [from, to) of a frame of the texture's size, planar [3, height, width], 0..1 and somewhat beyond. Samples with a
// cubic filter (Catmull and Rom: passes through the pixels, so that whole places give the picture's own values);
// outside the picture it is mirrored.
void warp_rows(const Texture& texture, const Net& net, float* rgb, int from, int to);

// The same of two looks at the picture, mixed by `weight` (of the second one; same corners as the nets').
void warp_rows(const Texture& texture, const Net& first, const Net& second, const std::vector<float>& weight,
               float* rgb, int from, int to);

}  // namespace zt::tableau
