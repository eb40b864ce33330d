// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A layer: a sprite or a background ring as the decoder makes it from latents, with mip levels. Torch-free.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace zt::storybook {

// Channels of a layer's pixel, 0..1, premultiplied by alpha so that they can be resampled and blended: RGB of a fixed
// colour (3), weight of the tint (a colour chosen when it is drawn), weight of the white paper edge, alpha, and how
// much of a shadow it casts on what is behind.
inline constexpr int kLayerChannels = 7;
inline constexpr int kPixelFloats =
    8;  // as they lie in memory: one is left free, so that a pixel fills vector registers
enum LayerChannel { kFixed = 0, kTint = 3, kPaperEdge = 4, kAlpha = 5, kShadow = 6 };

// One mip level.
struct Level {
    int width = 0, height = 0;               // pixels
    double scale = 2;                        // pixels per unit
    std::vector<float> pixels;               // [height, width, kPixelFloats]
    std::vector<std::pair<int, int>> spans;  // of each row: first and end of the pixels that are not empty
};

// Immutable, shared.
struct Layer {
    double left = 0, top = 0;   // upper left corner, from the anchor, in units
    bool ring = false;          // repeats sideways: its right edge continues at its left one
    bool reaches_down = false;  // below its last row that row is repeated
    std::vector<Level> levels;  // full size first, each half as large as the one before
};
using LayerPtr = std::shared_ptr<const Layer>;

// Completes a layer that has one level with pixels only: computes spans and adds `count - 1` smaller levels. Width and
// height must be divisible by 2 that many times.
void complete(Layer& layer, int count);

// Gives layers by name. Thread-safe.
class LayerSource {
public:
    virtual ~LayerSource() = default;
    // The pictures of one animation of a sprite, in order. style: index into World::styles; cells: its name ("move").
    // Throws zt::Error.
    [[nodiscard]] virtual std::vector<LayerPtr> sprite(const std::string& name, int style,
                                                       const std::string& cells) = 0;
    [[nodiscard]] virtual LayerPtr ring(const std::string& name, int style) = 0;
};

}  // namespace zt::storybook
