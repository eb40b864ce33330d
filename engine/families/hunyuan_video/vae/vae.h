// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The causal 3D VAE of HunyuanVideo: both halves as weights, and one pass of each over one tile.
// Cutting clips into tiles is tiling.h. The halves load apart: text to video needs the decoder
// alone. Tensor names are those of the published files (diffusers and original agree).
//
// The weights' type and device are those of the computation: fp32 and bf16 on CPUs, these and fp16
// (the reference's default) on CUDA. Immutable after prepare(); thread-safe to share.
#pragma once

#include "families/hunyuan_video/config.h"
#include "families/hunyuan_video/vae/layers.h"

namespace zt::hunyuan_video {

struct VaeEncoder {
    VaeConfig config;
    CausalConv conv_in, conv_out, quant_conv;
    std::vector<VaeStage> stages;
    VaeMidBlock mid;
    nn::Norm norm_out;
    template <class F>
    void visit(F&& f) {
        conv_in.visit(f, "encoder.conv_in.conv");
        for (size_t i = 0; i < stages.size(); i++)
            stages[i].visit(f, "encoder.down_blocks." + std::to_string(i), "downsamplers");
        mid.visit(f, "encoder.mid_block");
        norm_out.visit(f, "encoder.conv_norm_out");
        conv_out.visit(f, "encoder.conv_out.conv");
        quant_conv.visit(f, "quant_conv");
    }
};

struct VaeDecoder {
    VaeConfig config;
    CausalConv post_quant_conv, conv_in, conv_out;
    VaeMidBlock mid;
    std::vector<VaeStage> stages;
    nn::Norm norm_out;
    template <class F>
    void visit(F&& f) {
        post_quant_conv.visit(f, "post_quant_conv");
        conv_in.visit(f, "decoder.conv_in.conv");
        mid.visit(f, "decoder.mid_block");
        for (size_t i = 0; i < stages.size(); i++)
            stages[i].visit(f, "decoder.up_blocks." + std::to_string(i), "upsamplers");
        norm_out.visit(f, "decoder.conv_norm_out");
        conv_out.visit(f, "decoder.conv_out.conv");
    }
};

// Undefined values (to be loaded).
[[nodiscard]] VaeEncoder make_vae_encoder(const VaeConfig& config);
[[nodiscard]] VaeDecoder make_vae_decoder(const VaeConfig& config);

// Once, after loading and after the move to the device. Without it everything works, slower.
void prepare(VaeEncoder& encoder);
void prepare(VaeDecoder& decoder);

// One tile. pixels [frames, 3, height, width] in -1..1, the weights' type; height and width multiples
// of 8. -> mean and log variance [latents, 2 * latent_channels, height / 8, width / 8], not scaled,
// latents = (frames - 1) / 4 + 1.
[[nodiscard]] at::Tensor encode_tile(const VaeEncoder& encoder, const at::Tensor& pixels, const VaePass& pass);

// One tile. latents [latent_channels, t, h, w], already divided by the scaling factor, the weights'
// type -> [4 (t - 1) + 1, 3, 8h, 8w], -1..1 (not clamped), frame, channel, row, column contiguous.
[[nodiscard]] at::Tensor decode_tile(const VaeDecoder& decoder, const at::Tensor& latents, const VaePass& pass);

}  // namespace zt::hunyuan_video
