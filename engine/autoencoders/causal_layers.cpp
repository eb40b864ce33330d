// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See causal_layers.h.
#include "autoencoders/causal_layers.h"

#include "nn/token_ops.h"

namespace zt::autoencoders {
namespace {

constexpr size_t kKept = 2;  // frames, in front of a kernel of three

// [out, in, taps, h, w] -> [out, taps * in, h, w] for frames side by side in the channel axis, the newest taps.
at::Tensor side_by_side(const at::Tensor& weight, size_t frames) {
    const auto taps = static_cast<int64_t>(frames);
    return weight.narrow(2, weight.size(2) - taps, taps)
        .permute({0, 2, 1, 3, 4})
        .reshape({weight.size(0), taps * weight.size(1), weight.size(3), weight.size(4)});
}

// x / |x| over the channels, times the root of their number and gamma.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& gamma) {
    const at::Tensor out = at::empty_like(x);
    nn::rms_rows(x.view({-1, x.size(2)}), gamma.flatten(), out.view({-1, x.size(2)}));
    return out;
}

// A convolution in time alone, of at most three frames, oldest first: zeros stand for those that are missing.
at::Tensor over_time(const Conv3d& conv, Frames x) {
    for (at::Tensor& frame : x) frame = frame.to(x.back().scalar_type());
    return at::linear(at::cat(x, 2), side_by_side(conv.weight, x.size()).flatten(1), conv.bias);
}

}  // namespace

Frames& Memory::slot() {
    if (at_ == slots_.size()) slots_.emplace_back();
    return slots_[at_++];
}

at::Tensor Memory::kept(const at::Tensor& frame) const { return half_ ? frame.to(at::kHalf) : frame; }

Frames Memory::with_past(const at::Tensor& frame) {
    Frames& past = slot();
    Frames all = past;
    if (past.size() == kKept) past.erase(past.begin());
    past.push_back(kept(frame));
    all.push_back(frame);
    return all;
}

Frames Memory::with_last(const Frames& frames) {
    Frames& past = slot();
    Frames all = past;
    all.insert(all.end(), frames.begin(), frames.end());
    past = {kept(frames.back())};
    return all;
}

Conv3d make_conv3d(int64_t in, int64_t out, int64_t time, int64_t side) {
    return {at::empty({out, in, time, side, side}), at::empty({out})};
}
Conv2d make_conv2d(int64_t in, int64_t out, int64_t side) {
    return {at::empty({out, in, side, side}), at::empty({out})};
}

at::Tensor causal(const Conv3d& conv, const at::Tensor& x, Memory& memory) {
    const Frames seen = memory.with_past(x);
    return nn::conv3x3(seen, 1, side_by_side(conv.weight, seen.size()), conv.bias, memory.work);
}

at::Tensor pointwise(const Conv3d& conv, const at::Tensor& x) {
    return at::linear(x, conv.weight.flatten(1), conv.bias);
}

at::Tensor rms_silu(const at::Tensor& x, const at::Tensor& gamma) {
    at::Tensor y = rms_norm(x, gamma);
    return at::silu_(y);
}

Resnet make_resnet(int64_t in, int64_t out) {
    Resnet block{at::empty({in, 1, 1, 1}),
                 at::empty({out, 1, 1, 1}),
                 make_conv3d(in, out, 3, 3),
                 make_conv3d(out, out, 3, 3),
                 {}};
    if (in != out) block.shortcut = make_conv3d(in, out, 1, 1);
    return block;
}

at::Tensor forward(const Resnet& block, const at::Tensor& x, Memory& memory) {
    at::Tensor y = causal(block.conv1, rms_silu(x, block.gamma1), memory);
    y = causal(block.conv2, rms_silu(y, block.gamma2), memory);
    return y.add_(block.shortcut.weight.defined() ? pointwise(block.shortcut, x) : x);
}

Middle make_middle(int64_t channels) {
    return {make_resnet(channels, channels),
            make_resnet(channels, channels),
            {at::empty({channels, 1, 1}), make_conv2d(channels, 3 * channels, 1), make_conv2d(channels, channels, 1)}};
}

at::Tensor forward(const Middle& middle, const at::Tensor& x, Memory& memory) {
    const Attention& a = middle.attention;
    at::Tensor y = forward(middle.first, x, memory);
    const at::Tensor qkv =
        at::linear(rms_norm(y, a.gamma), a.qkv.weight.flatten(1), a.qkv.bias).view({1, 1, -1, 3 * y.size(2)});
    const std::vector<at::Tensor> parts = qkv.chunk(3, -1);
    const at::Tensor attended =
        at::scaled_dot_product_attention(parts[0].contiguous(), parts[1].contiguous(), parts[2].contiguous());
    y.add_(at::linear(attended, a.project.weight.flatten(1), a.project.bias).view(y.sizes()));
    return forward(middle.second, y, memory);
}

Frames up(const Resample& layer, const at::Tensor& x, Memory& memory, bool first) {
    Frames frames = {x};
    if (layer.time.weight.defined()) {
        if (first)
            memory.skip();  // the next frame does not see the first one here
        else
            frames = over_time(layer.time, memory.with_past(x)).chunk(2, 2);
    }
    for (at::Tensor& frame : frames)  // each pixel becomes four
        frame = nn::conv3x3({frame.contiguous()}, 2, layer.conv.weight, layer.conv.bias, memory.work);
    return frames;
}

at::Tensor down(const Resample& layer, const at::Tensor& x) {
    const at::Tensor padded = at::constant_pad_nd(x, {0, 0, 0, 1, 0, 1});
    return at::conv2d(padded.permute({2, 0, 1}).unsqueeze(0), layer.conv.weight, layer.conv.bias, 2)
        .squeeze(0)
        .permute({1, 2, 0})
        .contiguous();
}

Frames down_in_time(const Resample& layer, const Frames& x, Memory& memory, bool first) {
    const Frames seen = memory.with_last(x);
    if (first) return x;
    Frames out;
    for (size_t i = 0; i + kKept < seen.size(); i += 2)
        out.push_back(over_time(layer.time, {seen[i], seen[i + 1], seen[i + 2]}));
    return out;
}

Frames average_down(const Frames& x, int64_t out, int64_t time, int64_t space) {
    const int64_t height = x[0].size(0) / space, width = x[0].size(1) / space, channels = x[0].size(2);
    Frames all(static_cast<size_t>((time - static_cast<int64_t>(x.size()) % time) % time), at::zeros_like(x[0]));
    all.insert(all.end(), x.begin(), x.end());
    return at::stack(all)
        .view({-1, time, height, space, width, space, channels})
        .permute({0, 2, 4, 6, 1, 3, 5})
        .reshape({-1, height, width, out, channels * time * space * space / out})
        .mean(-1)
        .unbind(0);
}

Frames repeat_up(const at::Tensor& x, int64_t out, int64_t time, int64_t space, bool first) {
    const int64_t height = x.size(0), width = x.size(1), repeats = out * time * space * space / x.size(2);
    Frames all = x.repeat_interleave(repeats, 2)
                     .view({height, width, out, time, space, space})
                     .permute({3, 0, 4, 1, 5, 2})
                     .reshape({time, height * space, width * space, out})
                     .unbind(0);
    return first ? Frames{all.back()} : all;
}

}  // namespace zt::autoencoders
