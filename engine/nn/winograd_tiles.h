// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The linear maps of one tile in Winograd's form (winograd.h), for any vector type of fp32 numbers.
//
// F(3x4, 3x3) from the one-dimensional forms F(3, 3) at 0, 1, -1, 2 and infinity and F(4, 3) at
// 0, 1, -1, 2, -2 and infinity: row j of the input's matrix holds the coefficients of the product of
// (x - a) over the other points, the kernel's row is 1, a, a^2 over that product's value at its point,
// the output's column the powers of a.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace zt::nn::winograd_tiles {

inline constexpr int64_t kTileRows = 3, kTileColumns = 4, kPoints = 30;

template <size_t rows, size_t columns>
using Matrix = std::array<std::array<float, columns>, rows>;

// clang-format off
inline constexpr Matrix<5, 5> kInRows{{{2, -1, -2, 1, 0}, {0, -2, -1, 1, 0}, {0, 2, -3, 1, 0}, {0, -1, 0, 1, 0}, {0, 2, -1, -2, 1}}};
inline constexpr Matrix<6, 6> kInColumns{{{4, 0, -5, 0, 1, 0}, {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0}, {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}}};
inline constexpr Matrix<3, 5> kOutRows{{{1, 1, 1, 1, 0}, {0, 1, -1, 2, 0}, {0, 1, 1, 4, 1}}};
inline constexpr Matrix<4, 6> kOutColumns{{{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}};
inline constexpr double kKernelRows[5][3] = {{1.0 / 2, 0, 0}, {-1.0 / 2, -1.0 / 2, -1.0 / 2}, {-1.0 / 6, 1.0 / 6, -1.0 / 6}, {1.0 / 6, 1.0 / 3, 2.0 / 3}, {0, 0, 1}};
inline constexpr double kKernelColumns[6][3] = {{1.0 / 4, 0, 0}, {-1.0 / 6, -1.0 / 6, -1.0 / 6}, {-1.0 / 6, 1.0 / 6, -1.0 / 6}, {1.0 / 24, 1.0 / 12, 1.0 / 6}, {1.0 / 24, -1.0 / 12, 1.0 / 6}, {0, 0, 1}};
// clang-format on

template <const auto& matrix, size_t row, size_t k, class Lanes>
[[gnu::always_inline]] inline void add_term(Lanes& sum, const Lanes& x) {
    constexpr float c = matrix[row][k];
    if constexpr (c == 1.0F)
        sum += x;
    else if constexpr (c == -1.0F)
        sum -= x;
    else if constexpr (c != 0.0F)
        sum += x * c;
}

// out[i] = sum over k of matrix[i][k] in[k], the elements `in_step` and `out_step` apart.
template <const auto& matrix, class Lanes, size_t... i>
[[gnu::always_inline]] inline void apply(const Lanes* in, size_t in_step, Lanes* out, size_t out_step,
                                         std::index_sequence<i...>) {
    const auto row = [&]<size_t r, size_t... k>(std::integral_constant<size_t, r>, std::index_sequence<k...>)
        __attribute__((always_inline)) {
        Lanes sum{};
        (add_term<matrix, r, k>(sum, in[k * in_step]), ...);
        out[r * out_step] = sum;
    };
    (row(std::integral_constant<size_t, i>{}, std::make_index_sequence<matrix[0].size()>{}), ...);
}

// out [P, Q] = rows [P, R] in [R, S] columns^T [S, Q]
template <const auto& rows, const auto& columns, class Lanes>
[[gnu::always_inline]] inline void both_ways(const Lanes* in, Lanes* out) {
    constexpr size_t S = columns[0].size(), P = rows.size(), Q = columns.size();
    Lanes half[P * S];
    for (size_t s = 0; s < S; s++) apply<rows>(in + s, S, half + s, S, std::make_index_sequence<P>{});
    for (size_t p = 0; p < P; p++) apply<columns>(half + p * S, 1, out + p * Q, 1, std::make_index_sequence<Q>{});
}

}  // namespace zt::nn::winograd_tiles
