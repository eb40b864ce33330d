// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The half of MiniMax-H3's video autoencoder that encodes, for one picture: a CNN that is causal in time. In front of
// the first frame it sees zeros, so of each kernel only the last slice in time meets anything, and no other is kept.
// Source: AutoencoderKLMiniMaxH3 of diffusers 0.42.1.
//
// fp32 always. Immutable once loaded; thread-safe to share.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "core/cancel.h"
#include "families/minimax_h3/video_vae/config.h"

namespace zt::minimax_h3 {

struct EncoderConvolution {
    at::Tensor weight;  // [out, in, 3, 3, 3] or of one point as in the file; prepare() leaves [out, in, h, w]
    at::Tensor bias;    // [out]
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".weight", weight);
        f(name + ".bias", bias);
    }
};

struct EncoderNorm {
    at::Tensor weight, bias;  // [channels]
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".weight", weight);
        f(name + ".bias", bias);
    }
};

// shortcut(x) + conv2(silu(norm2(conv1(silu(norm1(x))))))
struct EncoderResnet {
    EncoderNorm norm1, norm2;
    EncoderConvolution conv1, conv2, shortcut;  // the shortcut undefined where the widths are the same
    template <class F>
    void visit(F&& f, const std::string& name) {
        norm1.visit(f, name + ".norm1");
        conv1.visit(f, name + ".conv1");
        norm2.visit(f, name + ".norm2");
        conv2.visit(f, name + ".conv2");
        if (shortcut.weight.defined()) shortcut.visit(f, name + ".conv_shortcut");
    }
};

struct EncoderLevel {
    std::vector<EncoderResnet> resnets;
    EncoderConvolution down;  // undefined: the level keeps its size in space and time
    int64_t space = 1;        // its stride
};

struct VideoVaeEncoder {
    VideoVaeConfig config;
    EncoderConvolution conv_in, conv_out, quant;
    EncoderNorm norm_out;
    std::vector<EncoderLevel> levels;
    template <class F>
    void visit(F&& f) {
        conv_in.visit(f, "encoder.conv_in");
        for (size_t i = 0; i < levels.size(); i++) {
            const std::string name = "encoder.down_blocks." + std::to_string(i);
            for (size_t k = 0; k < levels[i].resnets.size(); k++)
                levels[i].resnets[k].visit(f, name + ".resnets." + std::to_string(k));
            if (levels[i].down.weight.defined()) levels[i].down.visit(f, name + ".downsamplers.0.conv");
        }
        norm_out.visit(f, "encoder.norm_out");
        conv_out.visit(f, "encoder.conv_out");
        quant.visit(f, "quant_conv");
    }
};

// Shapes without memory (on LibTorch's meta device), to be loaded.
[[nodiscard]] VideoVaeEncoder make_video_vae_encoder(const VideoVaeConfig& config);
// Once, after loading: a third of the kernels stays.
void prepare(VideoVaeEncoder& encoder);

// What a picture may be. pixels [3, H, W] fp32, 0..1, on the encoder's device, H and W multiples of 16 from 32 -> mean
// and log variance [2 * latent_channels, H / 16, W / 16], not normalised: tile by tile, blended, as the model was
// trained. Polls cancel before every level of every tile; it may be null. Throws ARGUMENT for other sizes, CANCELLED.
[[nodiscard]] at::Tensor encode_moments(const VideoVaeEncoder& encoder, const at::Tensor& pixels, const Cancel* cancel);

// A sample of it as the model is given one: rounded to fp16 on its way, then normalised.
//   moments  from encode_moments
//   noise    [latent_channels, 1, h, w] fp32, normal; the model takes the same for every picture
// -> [latent_channels, 1, h, w] fp32
[[nodiscard]] at::Tensor sample_latent(const VideoVaeConfig& config, const at::Tensor& moments,
                                       const at::Tensor& noise);

}  // namespace zt::minimax_h3
