// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Layers of a causal video autoencoder (AutoencoderKLWan of diffusers, both of its kinds). A frame is [height, width,
// channels]. Nothing couples frames but the convolutions in time, and those look back only: each keeps the last two
// frames it has seen, so that a video is coded frame by frame with the values of the whole. Source: diffusers 0.42.1,
// autoencoder_kl_wan.py.
#pragma once

#include <ATen/ATen.h>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "nn/strip_conv.h"

namespace zt::autoencoders {

using Frames = std::vector<at::Tensor>;  // in the order of time

// What the convolutions in time keep of a video, in the order in which they are called.
class Memory {
public:
    // half: what is kept is rounded to fp16, half the bytes.
    explicit Memory(bool half = false) : half_(half) {}
    // Which convolution comes next; a layer that is called for each of several frames begins at the same one.
    [[nodiscard]] size_t position() const { return at_; }
    void go_to(size_t position) { at_ = position; }
    // The next convolution's past, oldest first (fewer than two, or none, where the video begins), behind it `frame`.
    // The convolution then keeps the newest two.
    [[nodiscard]] Frames with_past(const at::Tensor& frame);
    // The same for one that keeps a single frame and meets `frames` at once.
    [[nodiscard]] Frames with_last(const Frames& frames);
    // The next convolution is not called this time, and has seen nothing.
    void skip() { slot(); }
    nn::ConvWork work;

private:
    std::vector<Frames> slots_;
    size_t at_ = 0;
    bool half_;

    Frames& slot();
    [[nodiscard]] at::Tensor kept(const at::Tensor& frame) const;
};

struct Conv3d {
    at::Tensor weight, bias;  // [out, in, time, height, width]
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".weight", weight);
        f(name + ".bias", bias);
    }
};
[[nodiscard]] Conv3d make_conv3d(int64_t in, int64_t out, int64_t time, int64_t side);
// 3x3x3, with zeros around the frame and before the video.
[[nodiscard]] at::Tensor causal(const Conv3d& conv, const at::Tensor& x, Memory& memory);
// 1x1x1: no memory.
[[nodiscard]] at::Tensor pointwise(const Conv3d& conv, const at::Tensor& x);

struct Conv2d {
    at::Tensor weight, bias;  // [out, in, height, width]
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".weight", weight);
        f(name + ".bias", bias);
    }
};
[[nodiscard]] Conv2d make_conv2d(int64_t in, int64_t out, int64_t side);

// x / |x| over the channels, times the root of their number and gamma; then SiLU.
[[nodiscard]] at::Tensor rms_silu(const at::Tensor& x, const at::Tensor& gamma);

struct Resnet {
    at::Tensor gamma1, gamma2;  // [in, 1, 1, 1], [out, 1, 1, 1]
    Conv3d conv1, conv2;
    Conv3d shortcut;  // undefined where the channels stay
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".norm1.gamma", gamma1);
        conv1.visit(f, name + ".conv1");
        f(name + ".norm2.gamma", gamma2);
        conv2.visit(f, name + ".conv2");
        if (shortcut.weight.defined()) shortcut.visit(f, name + ".conv_shortcut");
    }
};
[[nodiscard]] Resnet make_resnet(int64_t in, int64_t out);
[[nodiscard]] at::Tensor forward(const Resnet& block, const at::Tensor& x, Memory& memory);

// Of each frame with itself, one head.
struct Attention {
    at::Tensor gamma;     // [channels, 1, 1]
    Conv2d qkv, project;  // 1x1
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".norm.gamma", gamma);
        qkv.visit(f, name + ".to_qkv");
        project.visit(f, name + ".proj");
    }
};

struct Middle {
    Resnet first, second;
    Attention attention;
    template <class F>
    void visit(F&& f, const std::string& name) {
        first.visit(f, name + ".resnets.0");
        attention.visit(f, name + ".attentions.0");
        second.visit(f, name + ".resnets.1");
    }
};
[[nodiscard]] Middle make_middle(int64_t channels);
[[nodiscard]] at::Tensor forward(const Middle& middle, const at::Tensor& x, Memory& memory);

// Twice or half the size, and where there is a convolution in time, twice or half the frames.
struct Resample {
    Conv2d conv;
    Conv3d time;  // undefined: the frames stay
    template <class F>
    void visit(F&& f, const std::string& name) {
        conv.visit(f, name + ".resample.1");
        if (time.weight.defined()) time.visit(f, name + ".time_conv");
    }
};
// first: x begins the video, and stays one frame.
[[nodiscard]] Frames up(const Resample& layer, const at::Tensor& x, Memory& memory, bool first);
[[nodiscard]] at::Tensor down(const Resample& layer, const at::Tensor& x);
// Each pair of frames becomes one that also sees the last frame before it; first: the one frame passes.
[[nodiscard]] Frames down_in_time(const Resample& layer, const Frames& x, Memory& memory, bool first);

// The shortcuts about a stage of VAE 2.2: each output channel is a mean of values of x in time, space and channel, or a
// copy of one.
[[nodiscard]] Frames average_down(const Frames& x, int64_t out, int64_t time, int64_t space);
[[nodiscard]] Frames repeat_up(const at::Tensor& x, int64_t out, int64_t time, int64_t space, bool first);

}  // namespace zt::autoencoders
