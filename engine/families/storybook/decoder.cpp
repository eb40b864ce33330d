// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward passes; see decoder.h.
#include "families/storybook/decoder.h"

namespace zt::storybook {

Decoder make_decoder(const DecoderConfig& c) {
    TORCH_CHECK(c.widths.size() == 3 && c.blocks.size() == 3,
                "decoder: expected three widths and numbers of blocks, got ", c.widths.size(), " and ",
                c.blocks.size());
    Decoder d;
    d.config = c;
    d.in = nn::make_conv(c.channels, c.widths[0]);
    for (size_t s = 0; s < 3; s++) {
        d.stages.emplace_back();
        for (int64_t i = 0; i < c.blocks[s]; i++) d.stages[s].push_back(nn::make_residual_block(c.widths[s]));
        if (s < 2) d.up.push_back(nn::make_linear(c.widths[s], 4 * c.widths[s + 1]));
    }
    d.norm = nn::make_norm(c.widths[2]);
    d.out = nn::make_conv(c.widths[2], 2 * 2 * kLayerChannels);
    return d;
}

at::Tensor decode_layers(const Decoder& d, const at::Tensor& latents, const Cancel* cancel) {
    at::Tensor x = nn::forward(d.in, latents);
    for (size_t s = 0; s < d.stages.size(); s++) {
        if (cancel) cancel->poll();
        for (const nn::ResidualBlock& block : d.stages[s]) x = nn::forward(block, x);
        if (s < d.up.size()) x = nn::depth_to_space(nn::forward(d.up[s], x), 2);
    }
    return nn::depth_to_space(nn::forward(d.out, nn::forward(d.norm, x)), 2);
}

at::Tensor forward(const Decoder& decoder, const at::Tensor& latents, const Cancel* cancel) {
    return decode_layers(decoder, latents.to(decoder.in.weight.scalar_type()), cancel)
        .to(at::kFloat)
        .contiguous()
        .clamp_(0, 1);
}

}  // namespace zt::storybook
