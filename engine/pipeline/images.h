// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The input pictures of a request: checked against the limits of the library and of the model, then
// copied as 8-bit RGB, without alpha and turned upright.
#pragma once

#include <cstdint>
#include <vector>

#include "families/family.h"
#include "include/zoetrope/zoetrope.h"
#include "pipeline/picture.h"

namespace zt::pipeline {

// Limits of the library: larger than any camera's picture, and 192 MiB as RGB.
inline constexpr int kMaxImageSide = 16384;
inline constexpr int64_t kMaxImagePixels = int64_t{1} << 26;
inline constexpr size_t kMaxImages = 64 + 3;

// Throws zt::Error. with_pixels: planes and strides must be there.
void check_images(const zt_request& request, const families::Limits& limits, bool with_pixels);
// The colour behind transparent pictures; NULL is white, the paper that drawings are made for. Throws
// zt::Error.
[[nodiscard]] Rgb resolve_background(const char* text);
// Whether a mask has a picture to keep parts of.
[[nodiscard]] bool takes_mask(const families::Limits& limits);
// Copies, the mask too; the request must have been checked.
[[nodiscard]] std::vector<families::Picture> take_images(const zt_request& request);
// The strength in force; without a picture only 0 (not set) and 1 are taken. Throws zt::Error.
[[nodiscard]] double resolve_strength(double strength, const families::Limits& limits, bool has_images);

}  // namespace zt::pipeline
