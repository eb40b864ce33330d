// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See mask.h.
#include "pipeline/mask.h"

#include "image/fit.h"

namespace zt::pipeline {

namespace {

image::Picture fitted(const families::Picture& picture, zt_fit fit, int width, int height, image::Filter filter) {
    return image::fit({picture.width, picture.height, *picture.rgb}, width, height, fit, filter);
}

// Luma of BT.709 in integers: equal parts give their own value exactly.
int brightness(const uint8_t* pixel) { return (2126 * pixel[0] + 7152 * pixel[1] + 722 * pixel[2] + 5000) / 10000; }

}  // namespace

const families::Picture* beginning(const std::vector<families::Picture>& images) {
    const families::Picture* found = nullptr;
    for (const families::Picture& picture : images) {
        if (picture.role == ZT_IMAGE_FIRST) return &picture;
        if (picture.role == ZT_IMAGE_HISTORY) found = &picture;
    }
    return found;
}

Mask::Mask(const families::Picture& picture, const families::Picture& mask, zt_fit fit, int width, int height) {
    const size_t pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
    still_.resize(3 * pixels);
    weight_.resize(pixels);
    blended_.resize(3 * pixels);
    const image::Picture still = fitted(picture, fit, width, height, image::kFitFilter);
    const image::Picture levels = fitted(mask, fit, width, height, image::Filter::kBilinear);
    for (size_t at = 0; at < pixels; ++at) {
        weight_[at] = static_cast<float>(brightness(&levels.rgb[3 * at])) / 255.0F;
        for (size_t component = 0; component < 3; ++component)
            still_[component * pixels + at] = static_cast<float>(still.rgb[3 * at + component]) / 255.0F;
    }
}

const float* Mask::apply(const float* rgb) {
    const size_t pixels = weight_.size();
    for (size_t component = 0; component < 3; ++component) {
        const float* const made = rgb + component * pixels;
        const float* const still = still_.data() + component * pixels;
        float* const out = blended_.data() + component * pixels;
        for (size_t at = 0; at < pixels; ++at)  // exact at both ends
            out[at] = weight_[at] * made[at] + (1.0F - weight_[at]) * still[at];
    }
    return blended_.data();
}

}  // namespace zt::pipeline
