// SPDX-License-Identifier: LGPL-2.1-or-later
//
// 8-bit RGB pictures, and resampling equal to Pillow 13's to the byte (src/libImaging/Resample.c): fixed-point weights,
// a filter that is widened when shrinking, two passes with bytes between them. Models were trained on pictures that
// Pillow resized, so a difference here would be a difference of their input. Deterministic: integer arithmetic but for
// the weights. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace zt::image {

// Larger pictures are refused before anything is allocated.
inline constexpr int64_t kMaxSide = 16384;
inline constexpr int64_t kMaxPixels = 64LL << 20;

// Rows from the top, pixels from the left, no padding.
struct Picture {
    int64_t width = 0, height = 0;
    std::vector<uint8_t> rgb;  // [height, width, 3]
};

// Throws zt::Error(ARGUMENT) "image: expected ..., got ..." unless sides are 1 to kMaxSide, pixels at
// most kMaxPixels and rgb has their size. Every function of this room begins with it.
void check(const Picture& picture);
// The same of a size that is to be made.
void check_size(int64_t width, int64_t height);

enum class Filter {
    kBilinear,
    kBicubic,
    kLanczos
};  // Pillow's BILINEAR (antialiased), BICUBIC (a = -0.5), LANCZOS (3)

[[nodiscard]] Picture resize(const Picture& picture, int64_t width, int64_t height, Filter filter);

// A part of a picture, to fractions of a pixel; in single precision, as Pillow keeps it.
struct Box {
    float left, top, right, bottom;
};
// The part scaled to the size; what lies around it still counts in the filter at its edges. It must
// lie in the picture and not be empty, else ARGUMENT.
[[nodiscard]] Picture resize(const Picture& picture, const Box& box, int64_t width, int64_t height, Filter filter);

// The rectangle must lie in the picture, else ARGUMENT.
[[nodiscard]] Picture crop(const Picture& picture, int64_t left, int64_t top, int64_t width, int64_t height);
// The middle; where what is left over is odd, one more pixel goes at the right and the bottom.
[[nodiscard]] Picture centre_crop(const Picture& picture, int64_t width, int64_t height);

}  // namespace zt::image
