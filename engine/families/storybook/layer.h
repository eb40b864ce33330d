// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A picture that the stage puts somewhere: what the decoder makes of latents. Torch-free.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace zt::storybook {

// Channels of a layer's pixel, all 0..1 and multiplied by the layer's own coverage, so that they may be resampled and
// added: fixed colour (3), how much of the tint, how much of the paper's edge, coverage, shadow.
inline constexpr int kLayerChannels = 7;
inline constexpr int kPixelFloats =
    8;  // as they lie in memory: one is left free, so that a pixel fills vector registers
enum LayerChannel { kFixed = 0, kTint = 3, kRim = 4, kCover = 5, kShade = 6 };

// One size of a layer.
struct Level {
    int width = 0, height = 0;               // pixels
    double scale = 2;                        // pixels per unit
    std::vector<float> pixels;               // [height, width, kPixelFloats]
    std::vector<std::pair<int, int>> spans;  // of each row: where something is painted, from and to
};

// Immutable, shared.
struct Layer {
    double left = 0, top = 0;   // of the first pixel's corner from the anchor, in units
    bool ring = false;          // goes round sideways
    bool reaches_down = false;  // its last row goes on downwards
    std::vector<Level> levels;  // as it is, and half as large again and again, for small pictures
};
using LayerPtr = std::shared_ptr<const Layer>;

// Adds spans, and `count - 1` smaller levels, to a layer with one level that has only its pixels. Sizes are even as
// often as they are halved.
void complete(Layer& layer, int count);

// Gives layers by name. Thread-safe.
class LayerSource {
public:
    virtual ~LayerSource() = default;
    // style: index in the world's list; cells: "move" and so on. All pictures of the cells, in order. Throws zt::Error.
    [[nodiscard]] virtual std::vector<LayerPtr> sprite(const std::string& name, int style,
                                                       const std::string& cells) = 0;
    [[nodiscard]] virtual LayerPtr ring(const std::string& name, int style) = 0;
};

}  // namespace zt::storybook
