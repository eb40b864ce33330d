// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Each map is one pass over memory. A block of channels of one tile is worked on in a small buffer,
// so that the 30 rows it comes from or goes to are touched in whole cache lines.
#include "nn/winograd.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "device/parallel.h"
#include "nn/cpu.h"
#include "nn/winograd_tiles.h"

namespace zt::nn {
namespace {

using namespace winograd_tiles;

constexpr int64_t kBlock = 64;

template <size_t rows, size_t columns>
constexpr Matrix<columns, rows> transposed(const Matrix<rows, columns>& m) {
    Matrix<columns, rows> t{};
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) t[j][i] = m[i][j];
    return t;
}
constexpr auto kInRowsAdjoint = transposed(kInRows);
constexpr auto kInColumnsAdjoint = transposed(kInColumns);
constexpr auto kOutRowsAdjoint = transposed(kOutRows);
constexpr auto kOutColumnsAdjoint = transposed(kOutColumns);

// Eight channels; narrower processors work on them in parts.
using Lanes = float __attribute__((vector_size(32), aligned(4), may_alias));
constexpr int64_t kLanes = 8;

struct Shape {
    int64_t batch, height, width, channels, tile_rows, tile_columns;
    int64_t rows, above = 0;  // of a picture in memory; the tiles begin below so many of them
    Shape(const Extent& e, int64_t c)
        : batch(e.batch), height(e.height), width(e.width), channels(c),
          tile_rows((e.height + kTileRows - 1) / kTileRows), tile_columns((e.width + kTileColumns - 1) / kTileColumns),
          rows(e.height) {}
    [[nodiscard]] int64_t tiles() const { return batch * tile_rows * tile_columns; }
    // Where a pixel's channels begin, or -1 outside of the picture.
    [[nodiscard]] int64_t offset(int64_t picture, int64_t y, int64_t x) const {
        const int64_t row = y + above;
        return row < 0 || row >= rows || x < 0 || x >= width ? -1 : ((picture * rows + row) * width + x) * channels;
    }
};

// A patch of each tile to its points: points = rows patch columns^T. `first` is where the patch
// begins beside the tile's own corner.
template <const auto& rows, const auto& columns, int64_t first>
struct Gather {
    Shape shape;
    const float* pictures;
    float* points;
    const float* zeros;  // [channels]
    static constexpr int64_t items(const Shape& s) { return s.batch * s.tile_rows; }
    [[gnu::always_inline]] inline void run(int64_t begin, int64_t end) const {
        constexpr int64_t R = rows[0].size(), S = columns[0].size();
        const int64_t plane = shape.tiles() * shape.channels;
        alignas(64) float buffer[kPoints * kBlock];
        for (int64_t item = begin; item < end; item++)
            for (int64_t column = 0; column < shape.tile_columns; column++) {
                const float* from[R * S];
                for (int64_t i = 0; i < R; i++)
                    for (int64_t j = 0; j < S; j++) {
                        const int64_t at =
                            shape.offset(item / shape.tile_rows, item % shape.tile_rows * kTileRows + first + i,
                                         column * kTileColumns + first + j);
                        from[i * S + j] = at < 0 ? zeros : pictures + at;
                    }
                float* to = points + (item * shape.tile_columns + column) * shape.channels;
                for (int64_t block = 0; block < shape.channels; block += kBlock) {
                    const int64_t count = std::min(kBlock, shape.channels - block);
                    for (int64_t c = 0; c < count; c += kLanes) {
                        Lanes in[R * S], out[kPoints];
                        for (int64_t k = 0; k < R * S; k++)
                            in[k] = *reinterpret_cast<const Lanes*>(from[k] + block + c);
                        both_ways<rows, columns>(in, out);
                        for (int64_t k = 0; k < kPoints; k++)
                            *reinterpret_cast<Lanes*>(buffer + k * kBlock + c) = out[k];
                    }
                    for (int64_t k = 0; k < kPoints; k++)
                        std::memcpy(to + k * plane + block, buffer + k * kBlock,
                                    static_cast<size_t>(count) * sizeof(float));
                }
            }
    }
};

// The points of each tile to a patch: patch = rows points columns^T, written, or added where patches overlap.
template <const auto& rows, const auto& columns, int64_t first, bool add>
struct Scatter {
    Shape shape;
    const float* points;
    float* pictures;
    const float* bias;  // [channels]
    static constexpr int64_t items(const Shape& s) { return add ? s.batch : s.batch * s.tile_rows; }
    [[gnu::always_inline]] inline void tile(int64_t picture, int64_t row, int64_t column) const {
        constexpr int64_t R = rows.size(), S = columns.size();
        const int64_t plane = shape.tiles() * shape.channels;
        alignas(64) float buffer[kPoints * kBlock];
        float* to[R * S];
        for (int64_t i = 0; i < R; i++)
            for (int64_t j = 0; j < S; j++) {
                const int64_t at =
                    shape.offset(picture, row * kTileRows + first + i, column * kTileColumns + first + j);
                to[i * S + j] = at < 0 ? nullptr : pictures + at;
            }
        const float* from = points + ((picture * shape.tile_rows + row) * shape.tile_columns + column) * shape.channels;
        for (int64_t block = 0; block < shape.channels; block += kBlock) {
            const int64_t count = std::min(kBlock, shape.channels - block);
            for (int64_t k = 0; k < kPoints; k++)
                std::memcpy(buffer + k * kBlock, from + k * plane + block, static_cast<size_t>(count) * sizeof(float));
            for (int64_t c = 0; c < count; c += kLanes) {
                Lanes in[kPoints], out[R * S];
                for (int64_t k = 0; k < kPoints; k++) in[k] = *reinterpret_cast<const Lanes*>(buffer + k * kBlock + c);
                both_ways<rows, columns>(in, out);
                for (int64_t k = 0; k < R * S; k++) {
                    if (to[k] == nullptr) continue;
                    auto& pixel = *reinterpret_cast<Lanes*>(to[k] + block + c);
                    if constexpr (add)
                        pixel += out[k];
                    else
                        pixel = out[k] + *reinterpret_cast<const Lanes*>(bias + block + c);
                }
            }
        }
    }
    [[gnu::always_inline]] inline void run(int64_t begin, int64_t end) const {
        for (int64_t item = begin; item < end; item++)
            for (int64_t row = add ? 0 : item % shape.tile_rows;
                 row < (add ? shape.tile_rows : item % shape.tile_rows + 1); row++)
                for (int64_t column = 0; column < shape.tile_columns; column++)
                    tile(add ? item : item / shape.tile_rows, row, column);
    }
};

#ifdef __x86_64__
template <class Map>
[[gnu::target("avx2")]] void run_wide(const Map& map, int64_t begin, int64_t end) {
    map.run(begin, end);
}
#endif

// The same sums in the same order whatever the vectors' width.
template <class Map>
void run(const Map& map) {
    device::parallel(Map::items(map.shape), [&](int64_t begin, int64_t end) {
#ifdef __x86_64__
        if (has_avx2()) return run_wide(map, begin, end);
#endif
        map.run(begin, end);
    });
}

template <const auto& rows, const auto& columns, int64_t first>
at::Tensor gather(const at::Tensor& pictures, int64_t above = 0, int64_t below = 0) {
    const at::Tensor x = pictures.contiguous();
    Shape shape({x.size(0), x.size(1) - above - below, x.size(2)}, x.size(3));
    shape.rows = x.size(1), shape.above = above;
    const at::Tensor out = at::empty({kPoints, shape.tiles(), shape.channels}, x.options());
    const std::vector<float> zeros(static_cast<size_t>(shape.channels));
    run(Gather<rows, columns, first>{shape, x.const_data_ptr<float>(), out.data_ptr<float>(), zeros.data()});
    return out;
}

template <const auto& rows, const auto& columns, int64_t first, bool add>
at::Tensor scatter(const at::Tensor& points, const Extent& extent, const at::Tensor& bias) {
    const at::Tensor m = points.contiguous(),
                     b = bias.defined() ? bias.contiguous() : at::zeros({m.size(2)}, m.options());
    const Shape shape(extent, m.size(2));
    const std::vector<int64_t> sizes{shape.batch, shape.height, shape.width, shape.channels};
    const at::Tensor out = add ? at::zeros(sizes, m.options()) : at::empty(sizes, m.options());
    run(Scatter<rows, columns, first, add>{shape, m.const_data_ptr<float>(), out.data_ptr<float>(),
                                           b.const_data_ptr<float>()});
    return out;
}

}  // namespace

bool winograd_suits(const at::Tensor& weight) {
    return weight.device().is_cpu() && weight.scalar_type() == at::kFloat && weight.size(0) % kLanes == 0 &&
           weight.size(1) % kLanes == 0;
}

at::Tensor winograd_kernel(const at::Tensor& weight, at::Tensor* room) {
    static const at::Tensor both = [] {
        at::Tensor m = at::empty({kPoints, 9}, at::kDouble);
        for (int64_t i = 0; i < kPoints; i++)
            for (int64_t j = 0; j < 9; j++)
                m.data_ptr<double>()[i * 9 + j] = kKernelRows[i / 6][j / 3] * kKernelColumns[i % 6][j % 3];
        return m.to(at::kFloat);
    }();
    const int64_t out = weight.size(0), in = weight.size(1);
    const at::Tensor flat = weight.permute({2, 3, 1, 0}).reshape({9, in * out});
    if (room == nullptr) return at::mm(both, flat).reshape({kPoints, in, out});
    const int64_t numbers = kPoints * in * out;
    if (!room->defined() || room->numel() < numbers)
        *room = at::Tensor(), *room = at::empty({numbers}, weight.options());
    at::Tensor kernel = room->narrow(0, 0, numbers).view({kPoints, in * out});
    at::mm_out(kernel, both, flat);
    return kernel.view({kPoints, in, out});
}

at::Tensor winograd_points(const at::Tensor& pictures) { return gather<kInRows, kInColumns, -1>(pictures); }
at::Tensor winograd_pictures(const at::Tensor& points, const Extent& extent, const at::Tensor& bias) {
    return scatter<kOutRows, kOutColumns, 0, false>(points, extent, bias);
}
at::Tensor winograd_points_adjoint(const at::Tensor& points, const Extent& extent) {
    return scatter<kInRowsAdjoint, kInColumnsAdjoint, -1, true>(points, extent, {});
}
at::Tensor winograd_pictures_adjoint(const at::Tensor& pictures) {
    return gather<kOutRowsAdjoint, kOutColumnsAdjoint, 0>(pictures);
}

WinogradMaps& winograd_maps() {
    static WinogradMaps maps{winograd_points, winograd_pictures};
    return maps;
}

at::Tensor winograd(const at::Tensor& x, const at::Tensor& kernel, const at::Tensor& bias) {
    const WinogradMaps& maps = winograd_maps();
    return maps.pictures(at::bmm(maps.points(x), kernel), {x.size(0), x.size(1), x.size(2)}, bias);
}

at::Tensor winograd_strip(const at::Tensor& x, const at::Tensor& kernel, const at::Tensor& bias, int64_t above,
                          int64_t below) {
    const at::Tensor points = gather<kInRows, kInColumns, -1>(x, above, below);
    return winograd_pictures(at::bmm(points, kernel), {x.size(0), x.size(1) - above - below, x.size(2)}, bias);
}

}  // namespace zt::nn
