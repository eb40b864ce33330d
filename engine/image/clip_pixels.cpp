// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See clip_pixels.h. Constants: openai/CLIP, clip.py, Normalize.
#include "image/clip_pixels.h"

#include <array>

namespace zt::image {
namespace {

constexpr std::array<float, 3> kMean = {0.48145466F, 0.4578275F, 0.40821073F};
constexpr std::array<float, 3> kDeviation = {0.26862954F, 0.26130258F, 0.27577711F};

}  // namespace

std::vector<float> clip_pixels(const Picture& picture, int64_t size) {
    check(picture);
    check_size(size, size);
    const bool wide = picture.width > picture.height;
    const int64_t width = wide ? size * picture.width / picture.height : size;
    const int64_t height = wide ? size : size * picture.height / picture.width;
    const Picture square = centre_crop(resize(picture, width, height, Filter::kBicubic), size, size);
    std::vector<float> planes(static_cast<size_t>(3 * size * size));
    for (size_t c = 0; c < 3; ++c) {
        for (size_t i = 0; i < static_cast<size_t>(size * size); ++i) {
            // The quotient by 255 is a product in double, rounded to float once.
            const auto value = static_cast<float>(square.rgb[3 * i + c] * (1.0 / 255.0));
            planes[c * static_cast<size_t>(size * size) + i] = (value - kMean[c]) / kDeviation[c];
        }
    }
    return planes;
}

}  // namespace zt::image
