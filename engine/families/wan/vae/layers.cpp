// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See layers.h.
#include "families/wan/vae/layers.h"

#include <cmath>

namespace zt::wan {
namespace {

constexpr int64_t kKept = 2;  // frames, in front of a kernel of three

// With the frames of the slot, or zeros, in front; the slot then has the last frames.
at::Tensor with_past(const at::Tensor& x, at::Tensor& slot) {
    if (!slot.defined()) slot = at::zeros({x.size(0), kKept, x.size(2), x.size(3)}, x.options());
    const at::Tensor all = at::cat({slot, x}, 1);
    slot = all.narrow(1, all.size(1) - kKept, kKept).clone();
    return all;
}

at::Tensor convolved(const Conv3d& conv, const at::Tensor& x, at::IntArrayRef stride, at::IntArrayRef padding) {
    return at::conv3d(x.unsqueeze(0), conv.weight, conv.bias, stride, padding).squeeze(0);
}

}  // namespace

Conv3d make_conv3d(int64_t in, int64_t out, int64_t time, int64_t side) {
    return {at::empty({out, in, time, side, side}), at::empty({out})};
}
Conv2d make_conv2d(int64_t in, int64_t out, int64_t side) {
    return {at::empty({out, in, side, side}), at::empty({out})};
}

at::Tensor causal(const Conv3d& conv, const at::Tensor& x, Memory& memory) {
    const int64_t around = conv.weight.size(3) / 2;
    return convolved(conv, with_past(x, memory.next()), {1, 1, 1}, {0, around, around});
}

at::Tensor pointwise(const Conv3d& conv, const at::Tensor& x) { return convolved(conv, x, {1, 1, 1}, {0, 0, 0}); }

at::Tensor forward(const Conv2d& conv, const at::Tensor& x, int64_t stride, int64_t padding) {
    return at::conv2d(x.transpose(0, 1), conv.weight, conv.bias, {stride, stride}, {padding, padding}).transpose(0, 1);
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& gamma) {
    constexpr double kLeast = 1e-12;
    const at::Tensor wide = x.to(at::kFloat), length = at::linalg_vector_norm(wide, 2, {0}, true).clamp_min(kLeast);
    return (wide / length).to(x.scalar_type()) * std::sqrt(static_cast<double>(x.size(0))) * gamma.view({-1, 1, 1, 1});
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
    const at::Tensor beside = block.shortcut.weight.defined() ? pointwise(block.shortcut, x) : x;
    at::Tensor y = causal(block.conv1, at::silu(rms_norm(x, block.gamma1)), memory);
    y = causal(block.conv2, at::silu(rms_norm(y, block.gamma2)), memory);
    return y + beside;
}

Middle make_middle(int64_t channels) {
    return {make_resnet(channels, channels),
            make_resnet(channels, channels),
            {at::empty({channels, 1, 1}), make_conv2d(channels, 3 * channels, 1), make_conv2d(channels, channels, 1)}};
}

at::Tensor forward(const Middle& middle, const at::Tensor& x, Memory& memory) {
    const at::Tensor y = forward(middle.first, x, memory);
    const int64_t channels = y.size(0), frames = y.size(1), height = y.size(2), width = y.size(3);
    const at::Tensor qkv =
        forward(middle.attention.qkv, rms_norm(y, middle.attention.gamma), 1, 0);  // [3 channels, frames, h, w]
    const auto parts = qkv.permute({1, 2, 3, 0}).reshape({frames, 1, height * width, 3 * channels}).chunk(3, -1);
    const at::Tensor attended =
        at::scaled_dot_product_attention(parts[0].contiguous(), parts[1].contiguous(), parts[2].contiguous());
    const at::Tensor back = attended.view({frames, height, width, channels}).permute({3, 0, 1, 2});
    return forward(middle.second, y + forward(middle.attention.project, back, 1, 0), memory);
}

at::Tensor up(const Resample& layer, const at::Tensor& x, Memory& memory, bool first) {
    at::Tensor y = x;
    if (layer.time.weight.defined()) {
        at::Tensor& slot = memory.next();
        if (!first) {  // the first frame of a video stays one, and the next one does not see it
            const int64_t channels = x.size(0);
            y = convolved(layer.time, with_past(x, slot), {1, 1, 1}, {0, 0, 0});
            y = y.view({2, channels, x.size(1), x.size(2), x.size(3)})
                    .permute({1, 2, 0, 3, 4})
                    .reshape({channels, 2 * x.size(1), x.size(2), x.size(3)});
        }
    }
    const at::Tensor frames = y.transpose(0, 1).to(at::kFloat);  // enlarged in fp32, as in the reference
    const at::Tensor large =
        at::upsample_nearest2d(frames, {2 * y.size(2), 2 * y.size(3)}).to(y.scalar_type()).transpose(0, 1);
    return forward(layer.conv, large, 1, 1);
}

at::Tensor down(const Resample& layer, const at::Tensor& x, Memory& memory, bool first) {
    const at::Tensor y = forward(layer.conv, at::constant_pad_nd(x, {0, 1, 0, 1}), 2, 0);
    if (!layer.time.weight.defined()) return y;
    at::Tensor& slot = memory.next();
    const at::Tensor last = y.narrow(1, y.size(1) - 1, 1).clone();
    // The first frame passes; of later pieces each pair becomes one frame, and sees the last frame before it.
    const at::Tensor out = first ? y : convolved(layer.time, at::cat({slot, y}, 1), {2, 1, 1}, {0, 0, 0});
    slot = last;
    return out;
}

at::Tensor average_down(const at::Tensor& x, int64_t out, int64_t time, int64_t space) {
    const int64_t missing = (time - x.size(1) % time) % time;
    const at::Tensor y = at::constant_pad_nd(x, {0, 0, 0, 0, missing, 0});
    const int64_t channels = y.size(0), frames = y.size(1) / time, height = y.size(2) / space,
                  width = y.size(3) / space;
    const at::Tensor parts =
        y.view({channels, frames, time, height, space, width, space}).permute({0, 2, 4, 6, 1, 3, 5});
    return parts.reshape({out, -1, frames, height, width}).mean(1);
}

at::Tensor repeat_up(const at::Tensor& x, int64_t out, int64_t time, int64_t space, bool first) {
    const int64_t repeats = out * time * space * space / x.size(0), frames = x.size(1), height = x.size(2),
                  width = x.size(3);
    const at::Tensor y = x.repeat_interleave(repeats, 0)
                             .view({out, time, space, space, frames, height, width})
                             .permute({0, 4, 1, 5, 2, 6, 3});
    const at::Tensor all = y.reshape({out, frames * time, height * space, width * space});
    return first ? all.narrow(1, time - 1, all.size(1) - time + 1) : all;
}

}  // namespace zt::wan
