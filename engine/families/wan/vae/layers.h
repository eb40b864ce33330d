// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Layers of both Wan autoencoders. Activations are [channels, frames, height, width]. Nothing couples frames but the
// convolutions in time, and those look back only: each keeps the last two frames it has seen, so that a video is coded
// piece by piece with the values of the whole. Source: diffusers 0.42.1, autoencoder_kl_wan.py.
#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <string>
#include <vector>

namespace zt::wan {

// What the convolutions in time keep between pieces of one video, in the order in which they are called. Copying it
// branches the video.
class Memory {
public:
    // Before each piece.
    void rewind() { at_ = 0; }
    // The slot of the next convolution.
    at::Tensor& next() {
        if (at_ == slots_.size()) slots_.emplace_back();
        return slots_[at_++];
    }
    [[nodiscard]] bool is_empty() const { return slots_.empty(); }

private:
    std::vector<at::Tensor> slots_;
    size_t at_ = 0;
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
// Zero padding: two frames in front (those of the memory, if there are any), none behind; a pixel around.
[[nodiscard]] at::Tensor causal(const Conv3d& conv, const at::Tensor& x, Memory& memory);
// Of a kernel of one frame: no memory.
[[nodiscard]] at::Tensor pointwise(const Conv3d& conv, const at::Tensor& x);

struct Conv2d {
    at::Tensor weight, bias;  // [out, in, height, width], frame by frame
    template <class F>
    void visit(F&& f, const std::string& name) {
        f(name + ".weight", weight);
        f(name + ".bias", bias);
    }
};
[[nodiscard]] Conv2d make_conv2d(int64_t in, int64_t out, int64_t side);
[[nodiscard]] at::Tensor forward(const Conv2d& conv, const at::Tensor& x, int64_t stride, int64_t padding);

// x / |x| over the channels, times the root of their number and gamma.
[[nodiscard]] at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& gamma);

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
// first: the piece begins the video; its first frame stays one.
[[nodiscard]] at::Tensor up(const Resample& layer, const at::Tensor& x, Memory& memory, bool first);
[[nodiscard]] at::Tensor down(const Resample& layer, const at::Tensor& x, Memory& memory, bool first);

// The shortcuts about a stage of VAE 2.2: each output channel is a mean of values of x in time, space and channel, or a
// copy of one.
[[nodiscard]] at::Tensor average_down(const at::Tensor& x, int64_t out, int64_t time, int64_t space);
[[nodiscard]] at::Tensor repeat_up(const at::Tensor& x, int64_t out, int64_t time, int64_t space, bool first);

}  // namespace zt::wan
