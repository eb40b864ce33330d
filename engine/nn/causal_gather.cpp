// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The plain form, and which of the two runs. The kernels for CPUs are in causal_gather_cpu.cpp.
#include "nn/causal_gather.h"

#include <algorithm>

#include "nn/causal_gather_cpu.h"
#include "nn/work_bytes.h"

namespace zt::nn {
namespace {

bool has_kernel(const at::Tensor& x) {
    return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

// Sum and sum of squares of x - x[0, 0, 0], fp64 [2, channel]. The difference keeps the squares small
// where the mean is far from zero; the sums of a few frames at a time bound the copy in fp32.
at::Tensor plain_moments(const at::Tensor& x) {
    const at::Tensor pivot = x[0][0][0].to(at::kFloat);
    at::Tensor moments = at::zeros({2, x.size(3)}, x.options().dtype(at::kDouble));
    const int64_t frame_bytes = x[0].numel() * 4;
    const int64_t step = std::max<int64_t>(1, kGatherBytes / frame_bytes);
    for (int64_t t = 0; t < x.size(0); t += step) {
        at::Tensor part = x.narrow(0, t, std::min(step, x.size(0) - t)).to(at::kFloat) - pivot;
        moments[0] += part.sum({0, 1, 2});
        moments[1] += part.square_().sum({0, 1, 2});
    }
    return moments;
}

at::Tensor plain_gather(const at::Tensor& x, const ChannelAffine& affine, const Window& w) {
    const int64_t height = x.size(1), width = x.size(2), channels = x.size(3);
    at::Tensor out = at::empty({w.frames, w.rows_read(), width + 2, w.taps, channels}, x.options());
    const auto source = [&](int64_t frame, int64_t tap) {
        return std::max<int64_t>(0, (w.frame + frame) * w.time + tap - (w.taps - 1));
    };
    const int64_t first = source(0, 0), last = source(w.frames - 1, w.taps - 1);
    const int64_t top = w.row * w.space - 1;  // source row of the first row read
    const int64_t from = std::max<int64_t>(0, top), to = std::min(height, top + w.rows_read());
    at::Tensor part = x.narrow(0, first, last - first + 1).narrow(1, from, to - from);
    if (affine.scale.defined()) {
        part = at::addcmul(affine.shift, part.to(at::kFloat), affine.scale);
        at::silu_(part);
    }
    const at::Tensor middle = out.narrow(1, from - top, to - from);
    for (int64_t frame = 0; frame < w.frames; frame++)
        for (int64_t tap = 0; tap < w.taps; tap++)
            middle[frame].narrow(1, 1, width).select(2, tap).copy_(part[source(frame, tap) - first]);
    middle.select(2, 0).copy_(middle.select(2, 1));
    middle.select(2, width + 1).copy_(middle.select(2, width));
    if (from > top) out.select(1, 0).copy_(out.select(1, 1));
    if (to < top + w.rows_read()) out.select(1, w.rows_read() - 1).copy_(out.select(1, w.rows_read() - 2));
    return out.flatten(3);
}

}  // namespace

ChannelAffine group_norm(const Norm& norm, const std::vector<at::Tensor>& pieces, int64_t groups, double epsilon,
                         bool fused) {
    const int64_t channels = pieces[0].size(3), width = channels / groups;
    const double places = static_cast<double>(pieces[0].numel() / channels), count = static_cast<double>(pieces.size());
    // Combined in fp64: per channel first, then over the pieces, then over the channels of a group.
    std::vector<at::Tensor> means, squares;
    for (const at::Tensor& x : pieces) {
        const at::Tensor moments = fused && has_kernel(x) ? cpu::moments(x) : plain_moments(x);
        means.push_back(x[0][0][0].to(at::kDouble) + moments[0] / places);  // [channel]
        squares.push_back(moments[1] - moments[0].square() / places);       // around the channel's mean
    }
    at::Tensor mean = means[0], spread = squares[0] / places;
    if (pieces.size() > 1) {
        const at::Tensor all = at::stack(means);
        mean = all.mean(0);
        spread = at::stack(squares).sum(0) / (places * count) + (all - mean).square().mean(0);
    }
    const at::Tensor group_mean = mean.view({groups, width}).mean(1).repeat_interleave(width);
    spread = spread + (mean - group_mean).square();
    const at::Tensor variance = spread.view({groups, width}).mean(1).repeat_interleave(width);
    const at::Tensor scale = norm.weight.to(at::kDouble) * (variance + epsilon).rsqrt();
    const at::Tensor shift = norm.bias.to(at::kDouble) - group_mean * scale;
    return {scale.to(at::kFloat), shift.to(at::kFloat)};
}

ChannelAffine group_norm(const Norm& norm, const at::Tensor& x, int64_t groups, double epsilon, bool fused) {
    return group_norm(norm, std::vector<at::Tensor>{x}, groups, epsilon, fused);
}

at::Tensor gather(const at::Tensor& x, const ChannelAffine& affine, const Window& window, bool fused) {
    return fused && has_kernel(x) ? cpu::gather(x, affine, window) : plain_gather(x, affine, window);
}

}  // namespace zt::nn
