// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames of looks at a picture, on the CPU or, by the same rules in tensor operations, on a device.
#pragma once

#include <ATen/ATen.h>

#include <memory>

#include "core/cancel.h"
#include "families/tableau/choreography.h"
#include "families/tableau/layer.h"

namespace zt::tableau {

// One thread at a time.
class Painter {
public:
    virtual ~Painter() = default;
    // Whoever was lifted out; before the first look that has a layer.
    virtual void take(Layer layer) = 0;
    // A frame of the picture's size: planar [3, height, width] in the host's memory, 0..1 and somewhat beyond.
    virtual void paint(const Look& look, float* rgb, const Cancel& cancel) = 0;
};

// The texture stays the caller's and as it is while the painter lives.
[[nodiscard]] std::unique_ptr<Painter> make_cpu_painter(const Texture& texture);
// On any device of the tensor library, the CPU among them (which is slower so: for tests).
[[nodiscard]] std::unique_ptr<Painter> make_tensor_painter(const Texture& texture, at::Device device);

}  // namespace zt::tableau
