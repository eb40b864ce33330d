// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward pass of the text encoder.
#include "families/storybook/text_encoder.h"

namespace zt::storybook {

TextEncoder make_text_encoder(const TextConfig& c) {
    TextEncoder e;
    e.config = c;
    e.embedding = at::empty({c.vocabulary + 1, c.width});
    e.position = at::empty({c.max_tokens + 1, c.width});
    e.query = at::empty({c.width});
    for (int64_t i = 0; i < c.layers; i++)
        e.layers.push_back({nn::make_norm(c.width), nn::make_norm(c.width), nn::make_linear(c.width, 3 * c.width),
                            nn::make_linear(c.width, c.width), nn::make_linear(c.width, 4 * c.width), nn::make_linear(4 * c.width, c.width)});
    e.norm = nn::make_norm(c.width);
    return e;
}

at::Tensor forward(const TextEncoder& e, const at::Tensor& ids) {
    const int64_t batch = ids.size(0), heads = e.config.heads, width = e.config.width;
    const at::Tensor first = e.query.reshape({1, 1, width}).expand({batch, 1, width});
    at::Tensor x = at::cat({first, at::embedding(e.embedding, ids)}, 1) + e.position.slice(0, 0, ids.size(1) + 1);   // [batch, tokens, width]
    const int64_t tokens = x.size(1);
    // Padding is never a key; the first token always is, so that no row is empty.
    const at::Tensor seen = at::cat({at::ones({batch, 1}, ids.options().dtype(at::kBool)), ids.ne(0)}, 1).reshape({batch, 1, 1, tokens});
    for (const TextLayer& layer : e.layers) {
        const at::Tensor qkv = nn::forward(layer.qkv, nn::forward(layer.norm1, x))
                                   .reshape({batch, tokens, 3, heads, width / heads})
                                   .permute({2, 0, 3, 1, 4});                            // [3, batch, head, tokens, dim]
        const at::Tensor scores = at::matmul(qkv[0], qkv[1].transpose(-1, -2)) * (1.0 / std::sqrt(static_cast<double>(width / heads)));
        const at::Tensor weights = at::softmax(scores.masked_fill(seen.logical_not(), -1e4), -1);
        x = x + nn::forward(layer.project, at::matmul(weights, qkv[2]).transpose(1, 2).reshape({batch, tokens, width}));
        x = x + nn::forward(layer.contract, at::gelu(nn::forward(layer.expand, nn::forward(layer.norm2, x))));
    }
    return nn::forward(e.norm, x.select(1, 0));
}

}  // namespace zt::storybook
