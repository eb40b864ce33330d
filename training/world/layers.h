// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Procedural painting of all layers: subjects, props and rings, in daylight, in each style. They are the ground truth
// that the autoencoder learns to reconstruct.
//
// Coordinates are in units: a frame is 256 x 144 units. A layer has two pixels per unit and seven
// channels, premultiplied by its own alpha, all 0..1:
//   0..2 fixed colour   3 weight of the tint   4 paper edge   5 alpha   6 shadow on what is behind
#pragma once

#include <string>
#include <vector>

#include "world/attributes.h"
#include "world/paint.h"

namespace zt::world {

inline constexpr int kScale = 2, kChannels = 7;  // pixels per unit, values per pixel
inline constexpr int kBlock = 4;                 // units: places of boxes and rings are multiples of it
inline constexpr int kRingWidth = 256, kStageHeight = 144;

struct Box {
    int left = 0, top = 0, width = 0, height = 0;  // units
};

// Rows of interleaved channels.
struct Layer {
    Box box;
    int width = 0, height = 0;  // pixels
    std::vector<float> data;
    explicit Layer(Box b)
        : box(b), width(b.width * kScale), height(b.height * kScale),
          data(static_cast<size_t>(width) * static_cast<size_t>(height) * kChannels) {}
    float* at(int x, int y) {
        return &data[(static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * kChannels];
    }
    [[nodiscard]] const float* at(int x, int y) const { return const_cast<Layer*>(this)->at(x, y); }
    [[nodiscard]] Point place(int x, int y) const {  // of a pixel's middle, in units
        return {static_cast<float>(box.left) + (static_cast<float>(x) + 0.5f) / kScale,
                static_cast<float>(box.top) + (static_cast<float>(y) + 0.5f) / kScale};
    }
};

// Draw shapes over what the layer holds. A puppet (subject) gets one outline around all of its shapes and a drop
// shadow; in scenery each shape has its own outline. The outline is a paper edge, a neon tube or a pencil line, by
// style.
void paint_puppet(Layer& layer, const std::vector<Shape>& shapes, int style);
// ring: shapes that cross the right edge continue at the left one.
void paint_scenery(Layer& layer, const std::vector<Shape>& shapes, int style, bool ring = false);

// Sprites: subjects first, then props. A subject has ten pictures (cells): eight phases of its movement, standing,
// asleep.
[[nodiscard]] const std::vector<std::string>& sprite_names();
[[nodiscard]] int sprite_cells(int sprite);  // 10 for subjects, 1 for props
[[nodiscard]] Box sprite_box(int sprite);    // holds all cells in all styles, with an empty margin
[[nodiscard]] Layer paint_sprite(int sprite, int style, int cell);

// Rings: backgrounds as wide as the frame, periodic.
[[nodiscard]] const std::vector<std::string>& ring_names();
[[nodiscard]] Box ring_box(int ring);
// from: where the layer's left side is in the ring, units; 0 as stored.
[[nodiscard]] Layer paint_ring(int ring, int style, int from = 0);

[[nodiscard]] inline const char* style_name(int style) {
    return style == kPaper ? "paper" : style == kNeon ? "neon" : "sketch";
}

}  // namespace zt::world
