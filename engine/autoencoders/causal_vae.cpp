// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See causal_vae.h.
#include "autoencoders/causal_vae.h"

#include <algorithm>

#include "device/devices.h"

namespace zt::autoencoders {
namespace {

at::Tensor values_of(const std::vector<float>& values, const at::TensorOptions& options) {
    return at::tensor(values).to(options);
}

// [H, W, 3] <-> [H / p, W / p, 3 p p]: channel, then column, then row within a patch.
at::Tensor patched(const at::Tensor& x, int64_t p) {
    const int64_t height = x.size(0) / p, width = x.size(1) / p, channels = x.size(2);
    return x.reshape({height, p, width, p, channels})
        .permute({0, 2, 4, 3, 1})
        .reshape({height, width, channels * p * p});
}
at::Tensor unpatched(const at::Tensor& x, int64_t p) {
    const int64_t height = x.size(0), width = x.size(1), channels = x.size(2) / (p * p);
    return x.view({height, width, channels, p, p}).permute({0, 4, 1, 3, 2}).reshape({height * p, width * p, channels});
}

}  // namespace

VaeDecoder make_vae_decoder(const VaeConfig& c) {
    VaeDecoder d;
    d.config = c;
    const auto stages = static_cast<int64_t>(c.dim_mult.size());
    std::vector<int64_t> dims = {c.decoder_base_dim * c.dim_mult.back()};
    for (int64_t i = stages; i-- > 0;) dims.push_back(c.decoder_base_dim * c.dim_mult[static_cast<size_t>(i)]);
    d.post_quant = make_conv3d(c.z_dim, c.z_dim, 1, 1);
    d.conv_in = make_conv3d(c.z_dim, dims[0], 3, 3);
    d.middle = make_middle(dims[0]);
    for (int64_t i = 0; i < stages; i++) {
        Stage stage;
        int64_t in = dims[static_cast<size_t>(i)];
        const int64_t out = dims[static_cast<size_t>(i) + 1];
        if (i > 0 && !c.is_residual) in /= 2;  // of 2.1 the convolution after each enlargement halves the channels
        const bool last = i + 1 == stages, time = !last && c.temporal_downsample[static_cast<size_t>(stages - 2 - i)];
        if (c.is_residual && !last) stage.out = out, stage.time = time ? 2 : 1, stage.space = 2;
        for (int64_t k = 0; k <= c.num_res_blocks; k++) stage.resnets.push_back(make_resnet(k == 0 ? in : out, out));
        if (!last) {
            stage.resample.conv = make_conv2d(out, c.is_residual ? out : out / 2, 3);
            if (time) stage.resample.time = make_conv3d(out, 2 * out, 3, 1);
        }
        d.stages.push_back(std::move(stage));
    }
    d.gamma = at::empty({dims.back(), 1, 1, 1});
    d.conv_out = make_conv3d(dims.back(), 3 * c.patch_size * c.patch_size, 3, 3);
    return d;
}

VaeEncoder make_vae_encoder(const VaeConfig& c) {
    VaeEncoder e;
    e.config = c;
    const auto stages = static_cast<int64_t>(c.dim_mult.size());
    std::vector<int64_t> dims = {c.base_dim};
    for (const int64_t m : c.dim_mult) dims.push_back(c.base_dim * m);
    e.conv_in = make_conv3d(3 * c.patch_size * c.patch_size, dims[0], 3, 3);
    for (int64_t i = 0; i < stages; i++) {
        Stage stage;
        const int64_t in = dims[static_cast<size_t>(i)], out = dims[static_cast<size_t>(i) + 1];
        const bool last = i + 1 == stages, time = !last && c.temporal_downsample[static_cast<size_t>(i)];
        if (c.is_residual) stage.out = out, stage.time = time ? 2 : 1, stage.space = last ? 1 : 2;
        for (int64_t k = 0; k < c.num_res_blocks; k++) stage.resnets.push_back(make_resnet(k == 0 ? in : out, out));
        if (!last) {
            stage.resample.conv = make_conv2d(out, out, 3);
            if (time) stage.resample.time = make_conv3d(out, out, 3, 1);
        }
        e.stages.push_back(std::move(stage));
    }
    e.middle = make_middle(dims.back());
    e.gamma = at::empty({dims.back(), 1, 1, 1});
    e.conv_out = make_conv3d(dims.back(), 2 * c.z_dim, 3, 3);
    e.quant = make_conv3d(2 * c.z_dim, 2 * c.z_dim, 1, 1);
    return e;
}

StreamingDecoder::StreamingDecoder(const VaeDecoder& decoder, bool half_history)
    : decoder_(decoder), memory_(half_history) {
    const at::TensorOptions like = decoder.conv_in.bias.options();
    mean_ = values_of(decoder.config.mean, like), scale_ = 1.0 / values_of(decoder.config.std, like);
}

void StreamingDecoder::through(size_t stage, at::Tensor x, const Cancel& cancel, Frames& pixels) {
    const VaeDecoder& d = decoder_;
    cancel.poll();
    if (stage + 1 < d.stages.size()) device::return_freed_memory();  // of many sizes, which the C library would keep
    if (stage == d.stages.size()) {
        x = causal(d.conv_out, rms_silu(x, d.gamma), memory_);
        pixels.push_back(unpatched(x, d.config.patch_size).to(at::kFloat));
        return;
    }
    const Stage& s = d.stages[stage];
    const Frames beside = s.out > 0 ? repeat_up(x, s.out, s.time, s.space, first_) : Frames();
    for (const Resnet& block : s.resnets) x = forward(block, x, memory_);
    Frames frames = {std::move(x)};
    if (s.resample.conv.weight.defined()) frames = up(s.resample, frames[0], memory_, first_);
    const size_t after = memory_.position();
    for (size_t i = 0; i < frames.size(); i++) {
        memory_.go_to(after);
        through(stage + 1, beside.empty() ? std::move(frames[i]) : frames[i].add_(beside[i]), cancel, pixels);
    }
}

at::Tensor StreamingDecoder::next(const at::Tensor& latent, const Cancel& cancel) {
    const VaeDecoder& d = decoder_;
    memory_.go_to(0);
    // As the reference writes it.
    const at::Tensor z = latent.squeeze(1).permute({1, 2, 0}).to(mean_.options()) / scale_ + mean_;
    Frames pixels;
    through(0, forward(d.middle, causal(d.conv_in, pointwise(d.post_quant, z), memory_), memory_), cancel, pixels);
    first_ = false;
    return at::stack(pixels).clamp_(-1, 1).mul_(0.5).add_(0.5).permute({0, 3, 1, 2}).contiguous();
}

at::Tensor encode(const VaeEncoder& e, const at::Tensor& pixels, bool half_history, const Cancel& cancel) {
    constexpr int64_t kGroup = VaeConfig::temporal_compression;
    const at::TensorOptions like = e.conv_in.bias.options();
    Memory memory(half_history);
    Frames latents;
    for (int64_t at = 0; at < pixels.size(0); at += at == 0 ? 1 : kGroup) {
        const bool first = at == 0;
        Frames x;
        for (int64_t i = at; i < std::min(at + (first ? 1 : kGroup), pixels.size(0)); i++) {
            memory.go_to(0);
            x.push_back(causal(e.conv_in, patched(pixels[i].to(like).permute({1, 2, 0}), e.config.patch_size), memory));
        }
        for (const Stage& stage : e.stages) {
            const Frames beside = stage.out > 0 ? average_down(x, stage.out, stage.time, stage.space) : Frames();
            const size_t before = memory.position();
            for (at::Tensor& frame : x) {
                cancel.poll();
                device::return_freed_memory();
                memory.go_to(before);
                for (const Resnet& block : stage.resnets) frame = forward(block, frame, memory);
                if (stage.resample.conv.weight.defined()) frame = down(stage.resample, frame);
            }
            if (stage.resample.time.weight.defined()) x = down_in_time(stage.resample, x, memory, first);
            for (size_t i = 0; i < beside.size(); i++) x[i] = x[i] + beside[i];
        }
        at::Tensor& last = x[0];  // one frame is left
        last = forward(e.middle, last, memory);
        latents.push_back(pointwise(e.quant, causal(e.conv_out, rms_silu(last, e.gamma), memory)));
    }
    // The mean of the distribution; its variance is not used.
    const at::Tensor mean = at::stack(latents).narrow(3, 0, e.config.z_dim).to(at::kFloat);
    const at::TensorOptions wide = mean.options();
    return ((mean - values_of(e.config.mean, wide)) * (1.0 / values_of(e.config.std, wide)))
        .permute({3, 0, 1, 2})
        .contiguous();
}

}  // namespace zt::autoencoders
