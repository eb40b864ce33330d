// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A picture that a clip begins or ends with, brought to the size of the clip, bit by bit as the reference does it
// (Pillow's LANCZOS). Torch-free. Source: diffusers 0.42.1, modular_pipelines/minimax_h3/before_encoder.py.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "image/resample.h"

namespace zt::minimax_h3 {

// The first of the keyframes, which may be a last picture alone, is stretched to the size; the second is scaled until
// it covers the size, and the middle of it is kept. A picture of the size stays as it is.
enum class Keyframe : uint8_t { kAnchor, kFollower };
// Throws ARGUMENT as image::resize does.
[[nodiscard]] image::Picture fit_keyframe(const image::Picture& picture, int64_t width, int64_t height, Keyframe which);

// Pixels of a picture that the vision tower takes as they are. Smaller ones are enlarged by the reference and larger
// ones reduced, which is not done here.
struct PictureLimits {
    int64_t least = 65'536, most = 16'777'216;
};
// Of a processor_config.json or preprocessor_config.json of transformers; name starts messages. Throws WEIGHTS.
[[nodiscard]] PictureLimits parse_picture_limits(std::string_view json, const std::string& name);
// Of the file of that kind in a folder (processor/); the published ones where it has none, or the folder is empty.
[[nodiscard]] PictureLimits read_picture_limits(const std::string& folder);
// Throws ARGUMENT "size: expected ... with a picture, got ..." for a clip whose keyframes would have to be resized
// again.
void check_picture_size(const PictureLimits& limits, int64_t width, int64_t height);

}  // namespace zt::minimax_h3
