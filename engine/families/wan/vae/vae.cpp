// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See vae.h.
#include "families/wan/vae/vae.h"

#include <algorithm>

namespace zt::wan {
namespace {

// Of each channel, as [z, 1, 1, 1].
at::Tensor column(const std::vector<float>& values, const at::TensorOptions& options) {
    return at::tensor(values).to(options).view({-1, 1, 1, 1});
}

// [3, frames, H, W] <-> [3 p p, frames, H / p, W / p]: channel, then column, then row within a patch.
at::Tensor patched(const at::Tensor& x, int64_t p) {
    if (p == 1) return x;
    return x.view({x.size(0), x.size(1), x.size(2) / p, p, x.size(3) / p, p})
        .permute({0, 5, 3, 1, 2, 4})
        .reshape({x.size(0) * p * p, x.size(1), x.size(2) / p, x.size(3) / p});
}
at::Tensor unpatched(const at::Tensor& x, int64_t p) {
    if (p == 1) return x;
    return x.view({x.size(0) / (p * p), p, p, x.size(1), x.size(2), x.size(3)})
        .permute({0, 3, 4, 2, 5, 1})
        .reshape({x.size(0) / (p * p), x.size(1), x.size(2) * p, x.size(3) * p});
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

at::Tensor StreamingDecoder::next(const at::Tensor& latent, const Cancel& cancel) {
    const VaeDecoder& d = decoder_;
    const bool first = memory_.is_empty();
    memory_.rewind();
    const at::TensorOptions like = d.conv_in.bias.options();
    const at::Tensor z = latent.to(like) / (1.0 / column(d.config.std, like)) +
                         column(d.config.mean, like);  // as the reference writes it
    at::Tensor x = forward(d.middle, causal(d.conv_in, pointwise(d.post_quant, z), memory_), memory_);
    for (const Stage& stage : d.stages) {
        cancel.poll();
        const at::Tensor beside =
            stage.out > 0 ? repeat_up(x, stage.out, stage.time, stage.space, first) : at::Tensor();
        for (const Resnet& block : stage.resnets) x = forward(block, x, memory_);
        if (stage.resample.conv.weight.defined()) x = up(stage.resample, x, memory_, first);
        if (beside.defined()) x = x + beside;
    }
    x = causal(d.conv_out, at::silu(rms_norm(x, d.gamma)), memory_);
    const at::Tensor pixels = unpatched(x, d.config.patch_size).to(at::kFloat).clamp(-1, 1);
    return (pixels * 0.5 + 0.5).transpose(0, 1).contiguous();
}

at::Tensor encode(const VaeEncoder& e, const at::Tensor& pixels, const Cancel& cancel) {
    constexpr int64_t kGroup = VaeConfig::temporal_compression;
    const at::TensorOptions like = e.conv_in.bias.options();
    const at::Tensor video =
        patched(pixels.to(like).transpose(0, 1).contiguous(), e.config.patch_size);  // [channels, frames, H, W]
    Memory memory;
    std::vector<at::Tensor> pieces;
    for (int64_t at = 0; at < video.size(1); at += at == 0 ? 1 : kGroup) {
        const bool first = at == 0;
        memory.rewind();
        at::Tensor x = causal(e.conv_in, video.narrow(1, at, first ? 1 : kGroup), memory);
        for (const Stage& stage : e.stages) {
            cancel.poll();
            const at::Tensor beside =
                stage.out > 0 ? average_down(x, stage.out, stage.time, stage.space) : at::Tensor();
            for (const Resnet& block : stage.resnets) x = forward(block, x, memory);
            if (stage.resample.conv.weight.defined()) x = down(stage.resample, x, memory, first);
            if (beside.defined()) x = x + beside;
        }
        x = forward(e.middle, x, memory);
        pieces.push_back(causal(e.conv_out, at::silu(rms_norm(x, e.gamma)), memory));
    }
    const at::Tensor mode =
        pointwise(e.quant, at::cat(pieces, 1)).narrow(0, 0, e.config.z_dim).to(at::kFloat);  // the variance is not used
    return (mode - column(e.config.mean, mode.options())) * (1.0 / column(e.config.std, mode.options()));
}

}  // namespace zt::wan
