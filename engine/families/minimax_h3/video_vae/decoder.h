// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The half of MiniMax-H3's video autoencoder that decodes: a ViT over the latents of one clip's tile, of which each
// becomes a block of 4 frames of 16x16 pixels. Cutting videos into clips and tiles is stream.h.
// Source: AutoencoderKLMiniMaxH3 of diffusers 0.42.1.
//
// Matrices and embeddings are kept in one type (fp32, bf16, fp16) and multiplied in that or a wider one; norms, scales
// and the residual stream are fp32 always. Immutable once loaded; thread-safe to share.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "core/cancel.h"
#include "families/minimax_h3/video_vae/config.h"
#include "nn/packed_linear.h"

namespace zt::minimax_h3 {

// x += scale1 out(attention(qkv(norm1(x)))); x += scale2 ff_out(value silu(gate)), value and gate = ff_in(norm2(x))
struct VideoVaeBlock {
    nn::PackedLinear qkv, out, ff_in, ff_out;
    at::Tensor norm1, norm2, scale1, scale2;  // [width] fp32
};

struct VideoVaeDecoder {
    VideoVaeConfig config;
    at::ScalarType compute = at::kFloat;            // of the products
    at::Tensor post_quant_weight, post_quant_bias;  // a convolution of one point
    nn::PackedLinear proj_in, proj_out;
    at::Tensor registers;               // [1, registers, width]
    at::Tensor norm_weight, norm_bias;  // [width] fp32
    std::vector<VideoVaeBlock> blocks;

    // What has the type of the arithmetic, and what is fp32 whatever that is: two calls of PartReader::fill.
    struct Typed {
        VideoVaeDecoder& of;
        template <class F>
        void visit(F&& f) {
            f("post_quant_conv.weight", of.post_quant_weight);
            f("post_quant_conv.bias", of.post_quant_bias);
            of.proj_in.visit(f, "decoder.proj_in");
            f("decoder.register_tokens", of.registers);
            for (size_t i = 0; i < of.blocks.size(); i++) {
                const std::string name = "decoder.blocks." + std::to_string(i);
                of.blocks[i].qkv.visit(f, name + ".qkv");
                of.blocks[i].out.visit(f, name + ".out");
                of.blocks[i].ff_in.visit(f, name + ".ff_in");
                of.blocks[i].ff_out.visit(f, name + ".ff_out");
            }
            of.proj_out.visit(f, "decoder.proj_out");
        }
    };
    struct Exact {
        VideoVaeDecoder& of;
        template <class F>
        void visit(F&& f) {
            for (size_t i = 0; i < of.blocks.size(); i++) {
                const std::string name = "decoder.blocks." + std::to_string(i);
                f(name + ".norm1.weight", of.blocks[i].norm1);
                f(name + ".norm2.weight", of.blocks[i].norm2);
                f(name + ".scale1", of.blocks[i].scale1);
                f(name + ".scale2", of.blocks[i].scale2);
            }
            f("decoder.norm_out.weight", of.norm_weight);
            f("decoder.norm_out.bias", of.norm_bias);
        }
    };
    [[nodiscard]] Typed typed() { return {*this}; }
    [[nodiscard]] Exact exact() { return {*this}; }
};

// Shapes without memory (on LibTorch's meta device), to be loaded.
[[nodiscard]] VideoVaeDecoder make_video_vae_decoder(const VideoVaeConfig& config);

// Tiles of one size, each decoded for itself. latents [tiles, latent_channels, clip, h, w], not normalised any more,
// any float type -> [tiles, clip * 4, 3, 16 h, 16 w] fp32, pixels in ImageNet's normalisation. Polls cancel before
// every block; it may be null.
[[nodiscard]] at::Tensor decode_tiles(const VideoVaeDecoder& decoder, const at::Tensor& latents, const Cancel* cancel);

}  // namespace zt::minimax_h3
