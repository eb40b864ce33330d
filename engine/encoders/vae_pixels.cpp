// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See vae_pixels.h.
#include "encoders/vae_pixels.h"

#include <algorithm>

namespace zt::encoders {

at::Tensor vae_pixels(const image::Picture& picture, int width, int height, zt_fit fit) {
    const image::Picture fitted = image::fit(picture, width, height, fit);
    const at::Tensor bytes = at::empty({height, width, 3}, at::kByte);
    std::copy(fitted.rgb.begin(), fitted.rgb.end(), bytes.data_ptr<uint8_t>());
    // The order of operations is the reference's.
    return bytes.permute({2, 0, 1}).unsqueeze(0).to(at::kFloat).div(255.0).mul(2.0).sub(1.0).contiguous();
}

}  // namespace zt::encoders
