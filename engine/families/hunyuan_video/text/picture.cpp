// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures as tensors; see picture.h.
#include "families/hunyuan_video/text/picture.h"

#include <memory>
#include <utility>
#include <vector>

#include "encoders/clip_vision.h"
#include "encoders/vae_pixels.h"

namespace zt::hunyuan_video {

at::Tensor vae_pixels(const families::Picture& picture, int width, int height, zt_fit fit) {
    return encoders::vae_pixels(families::pixels_of(picture), width, height, fit);
}

at::Tensor clip_pixels(const families::Picture& picture, int64_t size) {
    return encoders::clip_pixels(families::pixels_of(picture), size);
}

families::Picture black_like(const families::Picture& picture) {
    families::Picture black = picture;
    black.rgb = std::make_shared<const std::vector<uint8_t>>(picture.rgb->size(), uint8_t{0});
    return black;
}

}  // namespace zt::hunyuan_video
