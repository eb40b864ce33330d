// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward pass of CLIP's text tower.
#include "encoders/clip_text.h"

#include <algorithm>

#include "core/error.h"

namespace zt::encoders {

ClipText make_clip_text(const ClipConfig& c) {
    ClipText model;
    model.config = c;
    model.tokens = at::empty({c.vocab, c.hidden});
    model.positions = at::empty({c.positions, c.hidden});
    for (int64_t i = 0; i < c.layers; i++) model.layers.push_back(make_clip_layer(c));
    model.norm = nn::make_norm(c.hidden);
    return model;
}

at::Tensor forward(const ClipText& model, const std::vector<int32_t>& ids) {
    const ClipConfig& c = model.config;
    // Configurations from before the end-of-text id was recorded say 2 and mean the greatest id.
    const auto end = c.eos == 2 ? std::max_element(ids.begin(), ids.end())
                                : std::find(ids.begin(), ids.end(), static_cast<int32_t>(c.eos));
    if (end == ids.end() || end - ids.begin() >= c.positions)
        throw Error(ZT_ERROR_WEIGHTS, "tokenizer_2: expected the end of text (id " + std::to_string(c.eos) +
                                          ") among the first " + std::to_string(c.positions) + " ids, got none");
    const std::vector<int32_t> used(ids.begin(), end + 1);
    const at::Tensor at_device = at::tensor(used, at::kInt).to(model.tokens.device());
    at::Tensor x =
        at::embedding(model.tokens, at_device) + model.positions.narrow(0, 0, static_cast<int64_t>(used.size()));
    for (const ClipLayer& layer : model.layers) x = forward(c, layer, x, true);
    return normalize(c, model.norm, x[-1]);
}

}  // namespace zt::encoders
