// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See fit.h. Proportions are computed and rounded as Pillow's ImageOps.py does, so that bytes agree.
#include "image/fit.h"

#include <algorithm>
#include <cmath>

namespace zt::image {
namespace {

Picture cover(const Picture& picture, int64_t width, int64_t height, Filter filter) {
    const auto w = static_cast<double>(picture.width), h = static_cast<double>(picture.height);
    const double given = w / h, wanted = static_cast<double>(width) / static_cast<double>(height);
    const double part_w = given > wanted ? wanted * h : w;
    const double part_h = given < wanted ? w / wanted : h;
    const double left = (w - part_w) * 0.5, top = (h - part_h) * 0.5;
    const Box middle{static_cast<float>(left), static_cast<float>(top), static_cast<float>(left + part_w),
                     static_cast<float>(top + part_h)};
    return resize(picture, middle, width, height, filter);
}

Picture contain(const Picture& picture, int64_t width, int64_t height, Filter filter) {
    const auto w = static_cast<double>(picture.width), h = static_cast<double>(picture.height);
    const double given = w / h, wanted = static_cast<double>(width) / static_cast<double>(height);
    int64_t inner_w = width, inner_h = height;
    if (given > wanted) inner_h = std::max<int64_t>(round_half_even(h / w * static_cast<double>(width)), 1);
    if (given < wanted) inner_w = std::max<int64_t>(round_half_even(w / h * static_cast<double>(height)), 1);
    Picture inner = resize(picture, inner_w, inner_h, filter);
    if (inner_w == width && inner_h == height) return inner;
    Picture out{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
    const int64_t left = round_half_even(static_cast<double>(width - inner_w) * 0.5);
    const int64_t top = round_half_even(static_cast<double>(height - inner_h) * 0.5);
    for (int64_t y = 0; y < inner_h; ++y) {
        const uint8_t* from = inner.rgb.data() + y * inner_w * 3;
        std::copy(from, from + inner_w * 3, out.rgb.data() + ((top + y) * width + left) * 3);
    }
    return out;
}

}  // namespace

int64_t round_half_even(double value) {
    const double below = std::floor(value);
    const auto down = static_cast<int64_t>(below);
    const double rest = value - below;
    return rest > 0.5 || (rest == 0.5 && down % 2 != 0) ? down + 1 : down;
}

Picture fit(const Picture& picture, int64_t width, int64_t height, zt_fit how, Filter filter) {
    check(picture);
    check_size(width, height);
    switch (how) {
        case ZT_FIT_CROP: return cover(picture, width, height, filter);
        case ZT_FIT_PAD: return contain(picture, width, height, filter);
        case ZT_FIT_STRETCH: break;
    }
    return resize(picture, width, height, filter);
}

}  // namespace zt::image
