// SPDX-License-Identifier: LGPL-2.1-or-later
#include "nn/strip_conv.h"

#include <algorithm>

#include "nn/winograd.h"
#include "nn/winograd_frames.h"
#include "nn/work_bytes.h"

namespace zt::nn {
namespace {

// Rows of the result that are made at a time. Winograd's points are 30 numbers for each tile of 12 places, and its
// tiles are three rows high.
int64_t strip_rows(int64_t height, int64_t row_bytes, bool winograd) {
    constexpr double kPointsPerPlace = 30.0 / 12;
    const double each = static_cast<double>(row_bytes) * (winograd ? 1 + kPointsPerPlace : 1);
    const auto rows = static_cast<int64_t>(static_cast<double>(kStripBytes) / each);
    return std::min(height, std::max<int64_t>(3, rows / 3 * 3));
}

// The border of a strip is not the picture's: its rows are padded there too, and left out.
at::Tensor plain_strip(const at::Tensor& x, const at::Tensor& kernel, const at::Tensor& bias, int64_t above,
                       int64_t below) {
    const at::Tensor made = at::conv2d(x.permute({0, 3, 1, 2}), kernel, bias, 1, 1).permute({0, 2, 3, 1});
    return made.narrow(1, above, made.size(1) - above - below);
}

// Rows [from, to) of what is convolved: [to - from, width, all channels].
at::Tensor rows_of(const std::vector<at::Tensor>& frames, int64_t enlarge, at::ScalarType type, int64_t from,
                   int64_t to) {
    const int64_t first = from / enlarge, end = (to + enlarge - 1) / enlarge;
    std::vector<at::Tensor> parts;
    for (const at::Tensor& frame : frames) parts.push_back(frame.narrow(0, first, end - first).to(type));
    const at::Tensor small = parts.size() == 1 ? parts[0] : at::cat(parts, 2);
    if (enlarge == 1) return small;
    return small.repeat_interleave(enlarge, 0)
        .repeat_interleave(enlarge, 1)
        .narrow(0, from - first * enlarge, to - from);
}

}  // namespace

at::Tensor conv3x3(const std::vector<at::Tensor>& frames, int64_t enlarge, const at::Tensor& weight,
                   const at::Tensor& bias, ConvWork& work, const at::Tensor& points) {
    if (winograd_frames_suit(frames, weight))
        return winograd_frames(frames, enlarge, points.defined() ? points : winograd_kernel(weight, &work.kernel),
                               bias);
    const bool fast = winograd_suits(weight);
    const at::Tensor kernel = !fast              ? weight.contiguous(at::MemoryFormat::ChannelsLast)
                              : points.defined() ? points
                                                 : winograd_kernel(weight);
    const int64_t height = enlarge * frames[0].size(0), width = enlarge * frames[0].size(1), out = weight.size(0);
    const int64_t step =
        strip_rows(height, width * (weight.size(1) + out) * static_cast<int64_t>(weight.element_size()), fast);
    at::Tensor result;
    for (int64_t row = 0; row < height; row += step) {
        const int64_t count = std::min(step, height - row);
        const int64_t above = row > 0 ? 1 : 0, below = row + count < height ? 1 : 0;
        const at::Tensor part =
            rows_of(frames, enlarge, weight.scalar_type(), row - above, row + count + below).unsqueeze(0);
        const at::Tensor strip = (fast ? winograd_strip(part, kernel, bias, above, below)
                                       : plain_strip(part, kernel, bias, above, below))[0];
        if (count == height) return strip.contiguous();
        if (!result.defined()) result = at::empty({height, width, out}, strip.options());
        result.narrow(0, row, count).copy_(strip);
    }
    return result;
}

at::Tensor points_of(const at::Tensor& weight, ConvWork& work) {
    return winograd_suits(weight) ? winograd_kernel(weight, &work.kernel) : at::Tensor();
}

at::Tensor in_order(const at::Tensor& weight) {
    if (!weight.device().is_cpu() || weight.dim() < 4 || weight.size(-1) != 3 || weight.size(-2) != 3) return weight;
    if (weight.dim() == 4) return weight.permute({2, 3, 1, 0}).contiguous().permute({3, 2, 0, 1});
    return weight.permute({3, 4, 2, 1, 0}).contiguous().permute({4, 3, 2, 0, 1});
}

}  // namespace zt::nn
