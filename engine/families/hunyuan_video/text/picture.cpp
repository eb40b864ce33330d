// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures as tensors; see picture.h.
#include "families/hunyuan_video/text/picture.h"

#include <memory>
#include <utility>
#include <vector>

#include "image/clip_pixels.h"
#include "image/fit.h"

namespace zt::hunyuan_video {
namespace {

image::Picture picture_of(const families::Picture& picture) { return {picture.width, picture.height, *picture.rgb}; }

}  // namespace

at::Tensor vae_pixels(const families::Picture& picture, int width, int height, zt_fit fit) {
    const image::Picture fitted = image::fit(picture_of(picture), width, height, fit);
    const at::Tensor bytes = at::empty({height, width, 3}, at::kByte);
    std::copy(fitted.rgb.begin(), fitted.rgb.end(), bytes.data_ptr<uint8_t>());
    // The order of operations is the reference's.
    return bytes.permute({2, 0, 1}).unsqueeze(0).to(at::kFloat).div(255.0).mul(2.0).sub(1.0).contiguous();
}

at::Tensor clip_pixels(const families::Picture& picture, int size) {
    const std::vector<float> values = image::clip_pixels(picture_of(picture), size);
    const at::Tensor pixels = at::empty({3, size, size});
    std::copy(values.begin(), values.end(), pixels.data_ptr<float>());
    return pixels;
}

families::Picture black_like(const families::Picture& picture) {
    families::Picture black = picture;
    black.rgb = std::make_shared<const std::vector<uint8_t>>(picture.rgb->size(), uint8_t{0});
    return black;
}

}  // namespace zt::hunyuan_video
