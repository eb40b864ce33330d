// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A picture or clip put together from tiles that overlap, each blended into those above and to the left of it, which
// are blended themselves: as diffusers' autoencoders do.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace zt::autoencoders {

// b's first places along dim become a mixture of a's last and its own over at most `most` of them: a (1 - i / n) + b
// (i / n). b is overwritten; the sum is rounded to its type.
void blend(const at::Tensor& a, at::Tensor& b, int64_t dim, int64_t most);

// Tiles of a picture of height x width latents: one begins every `stride` and is `size` long, less at the lower and
// right edges. They are counted row by row.
struct TileGrid {
    int64_t size_y, size_x, stride_y, stride_x, height, width;
    [[nodiscard]] int64_t height_of(int64_t i) const { return std::min(size_y, height - i * stride_y); }
    [[nodiscard]] int64_t width_of(int64_t j) const { return std::min(size_x, width - j * stride_x); }
    [[nodiscard]] int64_t columns() const { return (width + stride_x - 1) / stride_x; }
    // Of all tiles, in latents: what each costs to decode.
    [[nodiscard]] std::vector<int64_t> areas() const;
};

// How tiles lie on their result, in its own places (pixels when decoding, latents when encoding): a tile begins every
// `stride`, and overlaps the one before by `blend`.
struct Mosaic {
    int64_t stride_y, stride_x, blend_y, blend_x, height, width;
};

// make(i, j): tile [frames, channels, <= stride_y + blend_y, <= stride_x + blend_x] whose corner lies at (i stride_y,
// j stride_x), to be overwritten -> [frames, channels, height, width]. Undefined where all tiles are: another rank lays
// them down.
template <class Make>
[[nodiscard]] at::Tensor merge(const Mosaic& m, Make&& make) {
    at::Tensor whole;
    std::vector<at::Tensor> above(  // last rows of the tiles there
        static_cast<size_t>((m.width + m.stride_x - 1) / m.stride_x));
    for (int64_t y = 0; y < m.height; y += m.stride_y) {
        at::Tensor left;  // last columns of the tile before
        for (int64_t x = 0; x < m.width; x += m.stride_x) {
            const size_t j = static_cast<size_t>(x / m.stride_x);
            at::Tensor tile = make(y / m.stride_y, x / m.stride_x);
            if (!tile.defined()) continue;
            if (y > 0) blend(above[j], tile, 2, m.blend_y);
            if (x > 0) blend(left, tile, 3, m.blend_x);
            if (!whole.defined()) whole = at::empty({tile.size(0), tile.size(1), m.height, m.width}, tile.options());
            const int64_t h = std::min({m.stride_y, tile.size(2), m.height - y}),
                          w = std::min({m.stride_x, tile.size(3), m.width - x});
            whole.narrow(2, y, h).narrow(3, x, w).copy_(tile.narrow(2, 0, h).narrow(3, 0, w));
            const int64_t rows = std::min(m.blend_y, tile.size(2)), columns = std::min(m.blend_x, tile.size(3));
            above[j] = tile.narrow(2, tile.size(2) - rows, rows).clone();
            left = tile.narrow(3, tile.size(3) - columns, columns).clone();
        }
    }
    return whole;
}

}  // namespace zt::autoencoders
