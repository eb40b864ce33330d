// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A causal video autoencoder (AutoencoderKLWan of diffusers, both of its kinds): videos to latents and back, piece by
// piece. One latent frame is the video's first frame, then four frames each.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "autoencoders/causal_config.h"
#include "autoencoders/causal_layers.h"
#include "core/cancel.h"

namespace zt::autoencoders {

// One stage of either half.
struct Stage {
    std::vector<Resnet> resnets;
    Resample resample;                     // undefined in the last stage
    int64_t out = 0, time = 1, space = 1;  // of the shortcut about the stage (2.2); out 0: there is none
};

struct VaeDecoder {
    VaeConfig config;
    Conv3d post_quant, conv_in, conv_out;
    Middle middle;
    std::vector<Stage> stages;
    at::Tensor gamma;
    template <class F>
    void visit(F&& f) {
        post_quant.visit(f, "post_quant_conv");
        conv_in.visit(f, "decoder.conv_in");
        middle.visit(f, "decoder.mid_block");
        for (size_t i = 0; i < stages.size(); i++) {
            const std::string name = "decoder.up_blocks." + std::to_string(i);
            for (size_t k = 0; k < stages[i].resnets.size(); k++)
                stages[i].resnets[k].visit(f, name + ".resnets." + std::to_string(k));
            if (stages[i].resample.conv.weight.defined()) stages[i].resample.visit(f, name + ".upsampler");
        }
        f("decoder.norm_out.gamma", gamma);
        conv_out.visit(f, "decoder.conv_out");
    }
};
[[nodiscard]] VaeDecoder make_vae_decoder(const VaeConfig& config);

struct VaeEncoder {
    VaeConfig config;
    Conv3d conv_in, conv_out, quant;
    std::vector<Stage> stages;
    Middle middle;
    at::Tensor gamma;
    template <class F>
    void visit(F&& f) {
        conv_in.visit(f, "encoder.conv_in");
        for (size_t i = 0; i < stages.size(); i++) {
            const std::string name = "encoder.down_blocks." + std::to_string(i);
            for (size_t k = 0; k < stages[i].resnets.size(); k++)
                stages[i].resnets[k].visit(f, name + ".resnets." + std::to_string(k));
            if (stages[i].resample.conv.weight.defined()) stages[i].resample.visit(f, name + ".downsampler");
        }
        middle.visit(f, "encoder.mid_block");
        f("encoder.norm_out.gamma", gamma);
        conv_out.visit(f, "encoder.conv_out");
        quant.visit(f, "quant_conv");
    }
};
[[nodiscard]] VaeEncoder make_vae_encoder(const VaeConfig& config);

// Puts the kernels of a half whose weights have been read into the order in which convolutions read them
// (nn::in_order), one after the other. Any order works; this one spares a copy at every use.
template <class Half>
void order_kernels(Half& half) {
    half.visit([](const std::string&, at::Tensor& weight) { weight = nn::in_order(weight); });
}

// A video out of latents, one latent frame at a time. Borrows the decoder. One thread at a time.
class StreamingDecoder {
public:
    // half_history: what is kept of the frames before is rounded to fp16 (see Memory).
    StreamingDecoder(const VaeDecoder& decoder, bool half_history);
    // latent [z_dim, 1, h, w], normalised, fp32 -> frames [1 or 4, 3, H, W] fp32, 0..1. Polls cancel before every
    // stage of every frame.
    [[nodiscard]] at::Tensor next(const at::Tensor& latent, const Cancel& cancel);

private:
    const VaeDecoder& decoder_;
    at::Tensor mean_, scale_;  // of each latent channel, [z_dim]: on the device once, not once a latent
    Memory memory_;
    bool first_ = true;

    // Takes one frame through the stages from this one on; depth first, so that few large frames exist at a time.
    void through(size_t stage, at::Tensor x, const Cancel& cancel, Frames& pixels);
};

// pixels [frames, 3, H, W], -1..1, 4 k + 1 frames -> latents [z_dim, k + 1, h, w], normalised, fp32.
[[nodiscard]] at::Tensor encode(const VaeEncoder& encoder, const at::Tensor& pixels, bool half_history,
                                const Cancel& cancel);

}  // namespace zt::autoencoders
