// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Layers of the causal video VAE. Activations are [frame, height, width, channel], contiguous: the
// frames of one tile, never a batch. Every 3x3x3 convolution looks at the present and the two frames
// before, and repeats the border in space and the first frame in time.
//
// A convolution gathers a few frames (or rows) at a time, the three frames of each result side by side
// in the channel axis, normalised and padded on the way, and multiplies them in one 2-D convolution:
// exact, without a normalised or a padded copy of the whole tensor, so that a resnet holds two
// tensors. The gathering has a fused kernel for CPUs (nn/causal_gather.h) and a plain form for any device.
//
// Weights are immutable while in use; thread-safe to share.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "core/cancel.h"
#include "nn/layers.h"

namespace zt::hunyuan_video {

inline constexpr double kVaeNormEps = 1e-6;

struct CausalConv {
    at::Tensor weight;  // [out, in, k, k, k] (time, height, width), k = 1 or 3
    at::Tensor bias;    // [out]
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".weight", weight);
        f(name + ".bias", bias);
    }
};

// x + conv2(silu(norm2(conv1(silu(norm1(x)))))); a 1x1x1 convolution on x where the widths differ.
struct VaeResnet {
    nn::Norm norm1, norm2;
    CausalConv conv1, conv2, shortcut;
    template <class F>
    void visit(F&& f, const std::string& name) {
        norm1.visit(f, name + ".norm1");
        conv1.visit(f, name + ".conv1.conv");
        norm2.visit(f, name + ".norm2");
        conv2.visit(f, name + ".conv2.conv");
        if (shortcut.weight.defined()) shortcut.visit(f, name + ".conv_shortcut.conv");
    }
};

// One head over all places of the present and earlier frames.
struct VaeAttention {
    nn::Norm norm;
    nn::Linear q, k, v, out;
    template <class F>
    void visit(F&& f, const std::string& name) {
        norm.visit(f, name + ".group_norm");
        q.visit(f, name + ".to_q");
        k.visit(f, name + ".to_k");
        v.visit(f, name + ".to_v");
        out.visit(f, name + ".to_out.0");
    }
};

struct VaeMidBlock {
    VaeResnet before, after;
    VaeAttention attention;
    template <class F>
    void visit(F&& f, const std::string& name) {
        before.visit(f, name + ".resnets.0");
        attention.visit(f, name + ".attentions.0");
        after.visit(f, name + ".resnets.1");
    }
};

// The resnets of one size and, unless it is the last, the way to the next.
struct VaeStage {
    std::vector<VaeResnet> resnets;
    CausalConv resample;          // of the up- or downsampler; undefined in the last stage
    int64_t time = 1, space = 1;  // its factors
    // Of an upsampler, made by prepare(): one convolution of the small picture in place of one of the
    // enlarged, where most products meet the same pixel again. [phases * out, taps * in, 2, 2]
    at::Tensor phases, phase_bias;
    template <class F>
    void visit(F&& f, const std::string& name, const char* sampler) {
        for (size_t i = 0; i < resnets.size(); i++) resnets[i].visit(f, name + ".resnets." + std::to_string(i));
        if (resample.weight.defined()) resample.visit(f, name + "." + sampler + ".0.conv.conv");
    }
};

[[nodiscard]] CausalConv make_causal_conv(int64_t in, int64_t out, int64_t kernel);
[[nodiscard]] VaeResnet make_vae_resnet(int64_t in, int64_t out);
[[nodiscard]] VaeMidBlock make_vae_mid_block(int64_t channels);

// Lays the weights out as the convolutions read them. Values and shapes stay.
void prepare(CausalConv& layer);
void prepare(VaeResnet& block);
void prepare(VaeMidBlock& block);
void prepare_upsampler(VaeStage& stage);

// What the layers share on the way through one tile.
struct VaePass {
    int64_t groups = 32;             // of every normalisation
    const Cancel* cancel = nullptr;  // polled before every layer
    bool fused = true;               // false: the plain form on CPUs too (tests)
};

// [t, h, w, in] -> [t', h', w', out]; strides in time and space.
[[nodiscard]] at::Tensor causal_conv(const CausalConv& layer, const at::Tensor& x, const VaePass& pass,
                                     int64_t time = 1, int64_t space = 1);
// The same of silu(norm(x)); statistics over the whole of x. What ends encoder and decoder.
[[nodiscard]] at::Tensor norm_conv(const nn::Norm& norm, const CausalConv& layer, const at::Tensor& x,
                                   const VaePass& pass);
// x is overwritten.
[[nodiscard]] at::Tensor forward(const VaeResnet& block, at::Tensor x, const VaePass& pass);
[[nodiscard]] at::Tensor forward(const VaeMidBlock& block, at::Tensor x, const VaePass& pass);
// Nearest enlargement and its convolution: [t, h, w, c] -> [time * (t - 1) + 1, space * h, space * w, c].
[[nodiscard]] at::Tensor upsample(const VaeStage& stage, const at::Tensor& x, const VaePass& pass);

}  // namespace zt::hunyuan_video
