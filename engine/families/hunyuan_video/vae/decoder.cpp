// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The decoder: one tile of latents to frames.
#include "families/hunyuan_video/vae/plan.h"
#include "families/hunyuan_video/vae/vae.h"

namespace zt::hunyuan_video {

VaeDecoder make_vae_decoder(const VaeConfig& config) {
    const VaeLevels levels(config);
    VaeDecoder d;
    d.config = config;
    d.post_quant_conv = make_causal_conv(config.latent_channels, config.latent_channels, 1);
    int64_t width = config.block_out.back();
    d.conv_in = make_causal_conv(config.latent_channels, width, 3);
    d.mid = make_vae_mid_block(width);
    for (size_t i = 0; i < config.block_out.size(); i++) {
        const int64_t out = config.block_out[config.block_out.size() - 1 - i];
        VaeStage stage;
        stage.time = levels.time(i);
        stage.space = levels.space(i);
        for (int64_t r = 0; r <= config.layers_per_block; r++)
            stage.resnets.push_back(make_vae_resnet(r == 0 ? width : out, out));
        if (stage.time * stage.space > 1) stage.resample = make_causal_conv(out, out, 3);
        d.stages.push_back(stage);
        width = out;
    }
    d.norm_out = nn::make_norm(width);
    d.conv_out = make_causal_conv(width, config.image_channels, 3);
    return d;
}

void prepare(VaeDecoder& decoder) {
    prepare(decoder.conv_in);
    prepare(decoder.mid);
    for (VaeStage& stage : decoder.stages) {
        for (VaeResnet& block : stage.resnets) prepare(block);
        prepare_upsampler(stage);
    }
    prepare(decoder.conv_out);
}

at::Tensor decode_tile(const VaeDecoder& decoder, const at::Tensor& latents, const VaePass& pass) {
    at::Tensor x = latents.permute({1, 2, 3, 0}).contiguous();  // [t, h, w, latent_channels]
    x = causal_conv(decoder.conv_in, causal_conv(decoder.post_quant_conv, x, pass), pass);
    x = forward(decoder.mid, std::move(x), pass);
    for (const VaeStage& stage : decoder.stages) {
        for (const VaeResnet& block : stage.resnets) x = forward(block, std::move(x), pass);
        if (stage.resample.weight.defined()) x = upsample(stage, x, pass);
    }
    x = norm_conv(decoder.norm_out, decoder.conv_out, x, pass);  // [4 (t - 1) + 1, 8h, 8w, 3]
    return x.permute({0, 3, 1, 2}).contiguous();
}

}  // namespace zt::hunyuan_video
