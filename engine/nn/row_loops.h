// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How this room writes loops over the rows of a tensor: one struct with rows(begin, end), compiled once for the
// processor's wide vectors and once for any machine, on the caller's threads. Private to the room.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>

#include "device/parallel.h"
#include "nn/cpu.h"

namespace zt::nn {

inline constexpr int64_t kLanes = 16;      // partial sums, so that rows are summed in vectors
inline constexpr int64_t kRowsAtOnce = 8;  // least work for a thread

using Half = uint16_t;  // the bits of a bf16

[[gnu::always_inline]] inline float up(float v) { return v; }
[[gnu::always_inline]] inline float up(Half v) { return std::bit_cast<float>(static_cast<uint32_t>(v) << 16); }
[[gnu::always_inline]] inline void put(float& to, float v) { to = v; }
[[gnu::always_inline]] inline void put(Half& to, float v) {
    // Round to nearest even; a NaN stays one.
    const uint32_t bits = std::bit_cast<uint32_t>(v);
    const uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
    to = static_cast<Half>(v == v ? rounded : 0x7FC0U);
}

// As if it had been stored and loaded.
template <class T>
[[gnu::always_inline]] inline float rounded(float v) {
    T stored;
    put(stored, v);
    return up(stored);
}

template <class Term>
[[gnu::always_inline]] inline float sum_of(int64_t n, const Term& term) {
    float lane[kLanes] = {};
    int64_t j = 0;
    for (; j + kLanes <= n; j += kLanes)
        for (int64_t k = 0; k < kLanes; k++) lane[k] += term(j + k);
    float sum = 0;
    for (const float part : lane) sum += part;
    for (; j < n; j++) sum += term(j);
    return sum;
}

#ifdef __x86_64__
template <class Loop>
[[gnu::target("arch=x86-64-v4")]] void rows_wide(const Loop& loop, int64_t begin, int64_t end) {
    loop.rows(begin, end);
}
#endif

template <class Loop>
inline void run(const Loop& loop, int64_t rows) {
    device::parallel((rows + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t begin, int64_t end) {
        const int64_t first = begin * kRowsAtOnce, last = std::min(end * kRowsAtOnce, rows);
#ifdef __x86_64__
        if (has_avx512()) return rows_wide(loop, first, last);
#endif
        loop.rows(first, last);
    });
}

inline bool ours(const at::Tensor& x) {
    return x.device().is_cpu() && x.stride(-1) == 1 &&
           (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

template <class T>
T* data(const at::Tensor& t) {
    return static_cast<T*>(t.data_ptr());
}

inline at::Tensor floats(const at::Tensor& t) { return t.to(at::kFloat).contiguous(); }

template <class F>
void by_flag(bool flag, const F& f) {
    if (flag)
        f(std::true_type{});
    else
        f(std::false_type{});
}

template <class F>
void by_type(const at::Tensor& x, const F& f) {
    if (x.scalar_type() == at::kFloat)
        f(float{});
    else
        f(Half{});
}

}  // namespace zt::nn
