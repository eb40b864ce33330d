// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The layers in order of size: one convolution in chunks, resnet, attention, mid block, upsampler.
#include "families/hunyuan_video/vae/layers.h"

#include <algorithm>
#include <array>

#include "nn/causal_gather.h"
#include "nn/work_bytes.h"

namespace zt::hunyuan_video {
namespace {

using nn::ChannelAffine, nn::gather, nn::group_norm, nn::kGatherBytes, nn::Window;

void poll(const VaePass& pass) {
    if (pass.cancel) pass.cancel->poll();
}

// What a convolution computes at a time: whole frames, or rows of one frame where a frame alone is
// more than kGatherBytes. place_values: numbers held per place of the result.
struct Chunks {
    int64_t frames = 1, rows = 1;
    Chunks(int64_t height, int64_t width, int64_t place_values, int64_t element_bytes) : rows(height) {
        const int64_t row_bytes = (width + 2) * place_values * element_bytes;
        const int64_t frame_bytes = (height + 2) * row_bytes;
        if (frame_bytes <= kGatherBytes)
            frames = kGatherBytes / frame_bytes;
        else
            rows = std::clamp<int64_t>(kGatherBytes / row_bytes - 2, std::min<int64_t>(8, height), height);
    }
};

// [out, in, t, h, w] -> [out, t * in, h, w], a view of prepared weights.
at::Tensor side_by_side(const at::Tensor& weight) {
    return weight.permute({0, 2, 1, 3, 4}).reshape({weight.size(0), -1, weight.size(3), weight.size(4)});
}

// gathered [n, h, w, c] -> [n, h', w', out]
at::Tensor convolve(const at::Tensor& gathered, const at::Tensor& weight, const at::Tensor& bias, int64_t stride) {
    return at::conv2d(gathered.permute({0, 3, 1, 2}), weight, bias, stride).permute({0, 2, 3, 1});
}

enum class Into { kNew, kAdd };

// The convolution of silu(affine(x)), chunk by chunk. kNew: returns a tensor; kAdd: adds to `sum`.
at::Tensor run(const CausalConv& layer, const at::Tensor& x, const ChannelAffine& affine, const VaePass& pass,
               Into into, const at::Tensor& sum, int64_t time, int64_t space) {
    const int64_t t = (x.size(0) - 1) / time + 1, h = (x.size(1) - 1) / space + 1, w = (x.size(2) - 1) / space + 1;
    const int64_t taps = layer.weight.size(2), out_channels = layer.weight.size(0);
    const Chunks chunk(h, w, std::max(taps * x.size(3) * space * space, out_channels), x.element_size());
    const at::Tensor weight = side_by_side(layer.weight);
    at::Tensor result = into == Into::kAdd ? sum : at::Tensor();
    for (int64_t frame = 0; frame < t; frame += chunk.frames) {
        const int64_t frames = std::min(chunk.frames, t - frame);
        for (int64_t row = 0; row < h; row += chunk.rows) {
            poll(pass);
            const int64_t rows = std::min(chunk.rows, h - row);
            const Window window{frame, frames, row, rows, taps, time, space};
            const at::Tensor part = convolve(gather(x, affine, window, pass.fused), weight, layer.bias, space);
            if (!result.defined()) {
                if (frames == t && rows == h) return part.contiguous();
                result = at::empty({t, h, w, out_channels}, x.options());
            }
            at::Tensor place = result.narrow(0, frame, frames).narrow(1, row, rows);
            if (into == Into::kAdd)
                place.add_(part);
            else
                place.copy_(part);
        }
    }
    return result;
}

// A 1x1x1 convolution. x is given up: where the result is narrower it takes the place of x, so that
// the two are never held together.
at::Tensor pointwise(const CausalConv& layer, at::Tensor x) {
    const int64_t in = x.size(3), out = layer.weight.size(0), places = x.numel() / in;
    const at::Tensor weight = layer.weight.flatten(1);
    if (out > in) return at::linear(x, weight, layer.bias);
    const at::Tensor from = x.view({places, in});
    const at::Tensor to = x.view({-1}).narrow(0, 0, places * out).view({places, out});
    const int64_t step = std::max<int64_t>(1, kGatherBytes / (in * x.element_size()));
    for (int64_t p = 0; p < places; p += step) {
        const int64_t n = std::min(step, places - p);
        to.narrow(0, p, n).copy_(at::linear(from.narrow(0, p, n), weight, layer.bias));
    }
    return to.view({x.size(0), x.size(1), x.size(2), out});
}

// x + out(attention(norm(x))): each frame asks all places of itself and of the frames before. Going
// through the frames needs neither a mask nor the square of all places.
at::Tensor attend(const VaeAttention& attention, at::Tensor x, const VaePass& pass) {
    const int64_t frames = x.size(0), places = x.size(1) * x.size(2), width = x.size(3);
    const ChannelAffine affine = group_norm(attention.norm, x, pass.groups, kVaeNormEps, pass.fused);
    const at::Tensor normed = at::addcmul(affine.shift, x.to(at::kFloat), affine.scale)
                                  .to(x.scalar_type())
                                  .view({1, 1, frames * places, width});
    const at::Tensor q = nn::forward(attention.q, normed), k = nn::forward(attention.k, normed),
                     v = nn::forward(attention.v, normed);  // [1, 1, frames * places, width]
    at::Tensor mixed = at::empty_like(q);
    for (int64_t i = 0; i < frames; i++) {
        poll(pass);
        mixed.narrow(2, i * places, places)
            .copy_(at::scaled_dot_product_attention(q.narrow(2, i * places, places), k.narrow(2, 0, (i + 1) * places),
                                                    v.narrow(2, 0, (i + 1) * places)));
    }
    return x.add_(nn::forward(attention.out, mixed).view(x.sizes()));
}

// The taps of a convolution on a picture twice as large, as taps on the picture itself: an even
// result meets the place before once and its own twice, an odd one its own twice and the next once.
// In time, where only the past is seen, the same holds of the frame before and the frame itself.
std::array<at::Tensor, 2> folded(const at::Tensor& weight, int64_t dim) {
    const at::Tensor a = weight.narrow(dim, 0, 1), b = weight.narrow(dim, 1, 1), c = weight.narrow(dim, 2, 1);
    return {at::cat({a, b + c}, dim), at::cat({a + b, c}, dim)};
}

at::Tensor upsample_plainly(const VaeStage& stage, const at::Tensor& x, const VaePass& pass) {
    at::Tensor large = x.repeat_interleave(stage.space, 1).repeat_interleave(stage.space, 2);
    if (stage.time == 2) large = large.repeat_interleave(2, 0).narrow(0, 1, 2 * x.size(0) - 1);
    return causal_conv(stage.resample, large.contiguous(), pass);
}

}  // namespace

CausalConv make_causal_conv(int64_t in, int64_t out, int64_t kernel) {
    return {at::empty({out, in, kernel, kernel, kernel}), at::empty({out})};
}

VaeResnet make_vae_resnet(int64_t in, int64_t out) {
    VaeResnet block{
        nn::make_norm(in), nn::make_norm(out), make_causal_conv(in, out, 3), make_causal_conv(out, out, 3), {}};
    if (in != out) block.shortcut = make_causal_conv(in, out, 1);
    return block;
}

VaeMidBlock make_vae_mid_block(int64_t c) {
    return {
        make_vae_resnet(c, c),
        make_vae_resnet(c, c),
        {nn::make_norm(c), nn::make_linear(c, c), nn::make_linear(c, c), nn::make_linear(c, c), nn::make_linear(c, c)}};
}

void prepare(CausalConv& layer) {
    // Memory order out, height, width, time, in: what convolve() wants is then a view.
    layer.weight = layer.weight.permute({0, 3, 4, 2, 1}).contiguous().permute({0, 4, 3, 1, 2});
}

void prepare(VaeResnet& block) {
    prepare(block.conv1);
    prepare(block.conv2);
}

void prepare(VaeMidBlock& block) {
    prepare(block.before);
    prepare(block.after);
}

void prepare_upsampler(VaeStage& stage) {
    if (!stage.resample.weight.defined() || stage.space != 2) return;
    std::vector<at::Tensor> phases{stage.resample.weight.to(at::kFloat)};
    for (const int64_t dim : {int64_t{2}, int64_t{3}, int64_t{4}}) {
        if (dim == 2 && stage.time == 1) continue;
        std::vector<at::Tensor> finer;
        for (const at::Tensor& phase : phases)
            for (const at::Tensor& half : folded(phase, dim)) finer.push_back(half);
        phases = finer;
    }
    stage.phases = side_by_side(at::cat(phases))
                       .to(stage.resample.weight.scalar_type())
                       .contiguous(at::MemoryFormat::ChannelsLast);
    stage.phase_bias = stage.resample.bias.repeat({static_cast<int64_t>(phases.size())});
}

at::Tensor causal_conv(const CausalConv& layer, const at::Tensor& x, const VaePass& pass, int64_t time, int64_t space) {
    if (layer.weight.size(2) == 1) return at::linear(x, layer.weight.flatten(1), layer.bias);
    return run(layer, x, {}, pass, Into::kNew, {}, time, space);
}

at::Tensor norm_conv(const nn::Norm& norm, const CausalConv& layer, const at::Tensor& x, const VaePass& pass) {
    return run(layer, x, group_norm(norm, x, pass.groups, kVaeNormEps, pass.fused), pass, Into::kNew, {}, 1, 1);
}

at::Tensor forward(const VaeResnet& block, at::Tensor x, const VaePass& pass) {
    const at::Tensor h = norm_conv(block.norm1, block.conv1, x, pass);
    if (block.shortcut.weight.defined()) x = pointwise(block.shortcut, std::move(x));
    return run(block.conv2, h, group_norm(block.norm2, h, pass.groups, kVaeNormEps, pass.fused), pass, Into::kAdd, x, 1,
               1);
}

at::Tensor forward(const VaeMidBlock& block, at::Tensor x, const VaePass& pass) {
    x = forward(block.before, std::move(x), pass);
    x = attend(block.attention, std::move(x), pass);
    return forward(block.after, std::move(x), pass);
}

at::Tensor upsample(const VaeStage& stage, const at::Tensor& x, const VaePass& pass) {
    if (!stage.phases.defined()) return upsample_plainly(stage, x, pass);
    const int64_t t = x.size(0), h = x.size(1), w = x.size(2), c = stage.resample.weight.size(0);
    const int64_t time = stage.time, taps = time == 2 ? 2 : 3;
    at::Tensor large = at::empty({time * (t - 1) + 1, 2 * h, 2 * w, c}, x.options());
    const Chunks chunk(h, w, std::max(taps * x.size(3), 4 * time * c), x.element_size());
    for (int64_t frame = 0; frame < t;) {
        // The first frame stands for one frame, every other for two: the odd one comes before the even.
        const int64_t halves = frame == 0 ? 1 : time;
        const int64_t frames = time == 2 && frame == 0 ? 1 : std::min(chunk.frames, t - frame);
        const at::Tensor weight = stage.phases.narrow(0, 0, 4 * halves * c),
                         bias = stage.phase_bias.narrow(0, 0, 4 * halves * c);
        for (int64_t row = 0; row < h; row += chunk.rows) {
            poll(pass);
            const int64_t rows = std::min(chunk.rows, h - row);
            const at::Tensor phases =
                convolve(gather(x, {}, {frame, frames, row, rows, taps, 1, 1}, pass.fused), weight, bias, 1);
            for (int64_t p = 0; p < 4 * halves; p++) {
                const int64_t odd = p / 4, down = p / 2 % 2, right = p % 2;
                large.slice(0, time * frame - odd, time * (frame + frames - 1) - odd + 1, time)
                    .slice(1, 2 * row + down, 2 * (row + rows), 2)
                    .slice(2, right, 2 * w, 2)
                    .copy_(phases.narrow(1, down, rows).narrow(2, right, w).narrow(3, p * c, c));
            }
        }
        frame += frames;
    }
    return large;
}

}  // namespace zt::hunyuan_video
