// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The mask of image to video: where it is black, every frame keeps the pixels of the picture that the clip
// begins with. It is applied to finished frames, so it works with every model that takes a first picture or a
// history.
#pragma once

#include <vector>

#include "families/family.h"
#include "include/zoetrope/zoetrope.h"

namespace zt::pipeline {

// The picture a clip begins with: the first one, or the newest of the history; NULL without either.
[[nodiscard]] const families::Picture* beginning(const std::vector<families::Picture>& images);

// One size. One thread at a time.
class Mask {
public:
    // Both are fitted by the same rule: the picture as the families do it (image::fit), the mask
    // without a filter that overshoots, so that black beside white stays black.
    Mask(const families::Picture& picture, const families::Picture& mask, zt_fit fit, int width, int height);
    // rgb: [3, height, width], finite. Where the mask is white the same values, where it is black
    // the 8-bit values of the picture / 255, a grey between. Valid until the next call.
    [[nodiscard]] const float* apply(const float* rgb);

private:
    std::vector<float> still_;   // [3, height, width]
    std::vector<float> weight_;  // [height, width], 1 = may move
    std::vector<float> blended_;
};

}  // namespace zt::pipeline
