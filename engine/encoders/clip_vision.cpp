// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward pass of CLIP's vision tower.
#include "encoders/clip_vision.h"

#include <algorithm>

#include "image/clip_pixels.h"

namespace zt::encoders {

at::Tensor clip_pixels(const image::Picture& picture, int64_t size) {
    const std::vector<float> values = image::clip_pixels(picture, size);
    const at::Tensor pixels = at::empty({3, size, size});
    std::copy(values.begin(), values.end(), pixels.data_ptr<float>());
    return pixels;
}

ClipVision make_clip_vision(const ClipConfig& c) {
    ClipVision model;
    model.config = c;
    model.class_token = at::empty({c.hidden});
    model.patches = at::empty({c.hidden, 3, c.patch, c.patch});
    model.positions = at::empty({1 + picture_tokens(c), c.hidden});
    model.norm = nn::make_norm(c.hidden);
    for (int64_t i = 0; i + 1 < c.layers; i++) model.layers.push_back(make_clip_layer(c));
    return model;
}

at::Tensor forward(const ClipVision& model, const at::Tensor& pixels, const Cancel* cancel) {
    const ClipConfig& c = model.config;
    const at::Tensor grid = at::conv2d(pixels.to(model.patches.options()).unsqueeze(0), model.patches, {}, c.patch);
    const at::Tensor patches = grid.squeeze(0).flatten(1).transpose(0, 1);  // [tokens, hidden]
    at::Tensor x = at::cat({model.class_token.unsqueeze(0), patches}) + model.positions;
    x = normalize(c, model.norm, x);
    for (const ClipLayer& layer : model.layers) {
        if (cancel) cancel->poll();
        x = forward(c, layer, x, false);
    }
    return x;
}

}  // namespace zt::encoders
