// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The encoder: one tile of pixels to mean and log variance.
#include "families/hunyuan_video/vae/plan.h"
#include "families/hunyuan_video/vae/vae.h"

namespace zt::hunyuan_video {

VaeEncoder make_vae_encoder(const VaeConfig& config) {
    const VaeLevels levels(config);
    const int64_t moments = 2 * config.latent_channels;
    VaeEncoder e;
    e.config = config;
    int64_t width = config.block_out.front();
    e.conv_in = make_causal_conv(config.image_channels, width, 3);
    for (size_t i = 0; i < config.block_out.size(); i++) {
        const int64_t out = config.block_out[i];
        VaeStage stage;
        stage.time = levels.time(i);
        stage.space = levels.space(i);
        for (int64_t r = 0; r < config.layers_per_block; r++)
            stage.resnets.push_back(make_vae_resnet(r == 0 ? width : out, out));
        if (stage.time * stage.space > 1) stage.resample = make_causal_conv(out, out, 3);
        e.stages.push_back(stage);
        width = out;
    }
    e.mid = make_vae_mid_block(width);
    e.norm_out = nn::make_norm(width);
    e.conv_out = make_causal_conv(width, moments, 3);
    e.quant_conv = make_causal_conv(moments, moments, 1);
    return e;
}

void prepare(VaeEncoder& encoder) {
    prepare(encoder.conv_in);
    for (VaeStage& stage : encoder.stages) {
        for (VaeResnet& block : stage.resnets) prepare(block);
        if (stage.resample.weight.defined()) prepare(stage.resample);
    }
    prepare(encoder.mid);
    prepare(encoder.conv_out);
}

at::Tensor encode_tile(const VaeEncoder& encoder, const at::Tensor& pixels, const VaePass& pass) {
    at::Tensor x = pixels.permute({0, 2, 3, 1}).contiguous();  // [frames, height, width, 3]
    x = causal_conv(encoder.conv_in, x, pass);
    for (const VaeStage& stage : encoder.stages) {
        for (const VaeResnet& block : stage.resnets) x = forward(block, std::move(x), pass);
        if (stage.resample.weight.defined()) x = causal_conv(stage.resample, x, pass, stage.time, stage.space);
    }
    x = forward(encoder.mid, std::move(x), pass);
    x = norm_conv(encoder.norm_out, encoder.conv_out, x, pass);
    x = causal_conv(encoder.quant_conv, x, pass);  // [latents, h, w, 2 * latent_channels]
    return x.permute({0, 3, 1, 2}).contiguous();
}

}  // namespace zt::hunyuan_video
