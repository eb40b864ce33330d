// SPDX-License-Identifier: LGPL-2.1-or-later
#include "nn/strip_conv.h"

#include <algorithm>

#include "nn/strip_bytes.h"
#include "nn/winograd.h"

namespace zt::nn {
namespace {

// Rows of the result that are made at a time. Winograd's points are 30 numbers for each tile of 12 places, and its
// tiles are three rows high: with the two rows around it, a strip is a whole number of tiles.
int64_t strip_rows(int64_t height, int64_t row_bytes, bool winograd) {
    constexpr double kPointsPerPlace = 30.0 / 12;
    const double each = static_cast<double>(row_bytes) * (winograd ? 1 + kPointsPerPlace : 1);
    const auto rows = static_cast<int64_t>(static_cast<double>(kStripBytes) / each);
    if (rows >= height) return height;
    return std::max<int64_t>(4, rows / 3 * 3 - 2);
}

}  // namespace

at::Tensor conv3x3(const RowsFn& rows, int64_t height, int64_t width, const at::Tensor& weight,
                   const at::Tensor& bias) {
    const bool fast = winograd_suits(weight);
    const at::Tensor kernel = fast ? winograd_kernel(weight) : weight.contiguous(at::MemoryFormat::ChannelsLast);
    const int64_t out = weight.size(0);
    const int64_t step =
        strip_rows(height, width * (weight.size(1) + out) * static_cast<int64_t>(weight.element_size()), fast);
    at::Tensor result;
    for (int64_t row = 0; row < height; row += step) {
        const int64_t count = std::min(step, height - row);
        const int64_t from = std::max<int64_t>(0, row - 1), to = std::min(height, row + count + 1);
        const at::Tensor part = rows(from, to).unsqueeze(0);
        // A border that is not the picture's is padded too: those rows of the result belong to the neighbours.
        const at::Tensor made =
            fast ? winograd(part, kernel, bias)
                 : at::conv2d(part.permute({0, 3, 1, 2}), kernel, bias, 1, 1).permute({0, 2, 3, 1}).contiguous();
        const at::Tensor strip = made[0].narrow(0, row - from, count);
        if (count == height) return strip;
        if (!result.defined()) result = at::empty({height, width, out}, made.options());
        result.narrow(0, row, count).copy_(strip);
    }
    return result;
}

}  // namespace zt::nn
