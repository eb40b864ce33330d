// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Attention in one pass over the keys (online softmax, Milakov and Gimelshein 1805.02867) with 512-bit
// vectors. Keys and values of a head are packed once into panels that the inner product reads in
// order; 48 queries then go through the keys in blocks of 256, whose scores stay in the cache.
//
// Everything counts in units of 32 bits, which hold one fp32 number or two neighbouring bf16 numbers
// along the axis that is summed over: both types share the code and differ in one instruction.
#include "nn/attention.h"

#ifdef __x86_64__

#include <ATen/Parallel.h>
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <vector>

#include "device/parallel.h"
#include "nn/cpu.h"

// The intrinsics of gcc 12 read a value they call undefined on purpose.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"

namespace zt::nn {
namespace {

constexpr int64_t kQueries = 48, kKeys = 256, kPanel = 64, kVector = 16, kRows = 6;
constexpr std::align_val_t kLine{64};

struct Free {
    void operator()(uint32_t* p) const { ::operator delete(p, kLine); }
};
using Units = std::unique_ptr<uint32_t[], Free>;

Units units(int64_t n) { return Units(static_cast<uint32_t*>(::operator new(static_cast<size_t>(n) * 4, kLine))); }

int64_t round_up(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// Sizes of one call.
struct Shape {
    int64_t queries, tokens, dim, heads;  // tokens: of the keys
    int64_t pair;                         // numbers in a unit: 1 fp32, 2 bf16
    int64_t depth;                        // units of a head's channels
    int64_t columns;                      // channels rounded up to a vector
    int64_t keys;                         // tokens rounded up to a block of keys
    int64_t key_units;                    // units of `keys`
};

[[gnu::target("arch=x86-64-v4"), gnu::always_inline]] inline __m512 multiply_add(float, uint32_t a, __m512 b,
                                                                                 __m512 sum) {
    return _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(a))), b, sum);
}
[[gnu::target("arch=x86-64-v4,avx512bf16"), gnu::always_inline]] inline __m512 multiply_add(uint16_t, uint32_t a,
                                                                                            __m512 b, __m512 sum) {
    return _mm512_dpbf16_ps(sum, (__m512bh)_mm512_set1_epi32(static_cast<int>(a)), (__m512bh)_mm512_castps_si512(b));
}

// c[6][16 n] (+)= a[6][depth] b[depth][16 n]; b with `stride` units a row.
template <class T, int n>
[[gnu::target("arch=x86-64-v4,avx512bf16"), gnu::always_inline]] inline void product(
    const uint32_t* a, int64_t a_stride, const uint32_t* b, int64_t b_stride, float* c, int64_t c_stride, int64_t depth,
    bool add) {
    __m512 sum[kRows][n];
    for (int i = 0; i < kRows; i++)
        for (int j = 0; j < n; j++)
            sum[i][j] = add ? _mm512_loadu_ps(c + i * c_stride + j * kVector) : _mm512_setzero_ps();
    for (int64_t k = 0; k < depth; k++) {
        __m512 row[n];
        for (int j = 0; j < n; j++) row[j] = _mm512_loadu_ps(b + k * b_stride + j * kVector);
#pragma GCC unroll 6
        for (int i = 0; i < kRows; i++)
#pragma GCC unroll 4
            for (int j = 0; j < n; j++) sum[i][j] = multiply_add(T{}, a[i * a_stride + k], row[j], sum[i][j]);
    }
    for (int i = 0; i < kRows; i++)
        for (int j = 0; j < n; j++) _mm512_storeu_ps(c + i * c_stride + j * kVector, sum[i][j]);
}

// e^x for x <= 0: 2^n times a Taylor polynomial of the rest, |rest| <= ln 2 / 2; error below 2 ulp.
[[gnu::target("arch=x86-64-v4"), gnu::always_inline]] inline __m512 exponential(__m512 x) {
    x = _mm512_max_ps(_mm512_set1_ps(-104.0F), x);  // in this order a NaN stays one
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504F)),
                                          _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693145752F), x);  // ln 2 in two parts
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(1.42860677e-6F), r);
    __m512 p = _mm512_set1_ps(1.0F / 5040.0F);
    for (const float c : {1.0F / 720.0F, 1.0F / 120.0F, 1.0F / 24.0F, 1.0F / 6.0F, 0.5F, 1.0F, 1.0F})
        p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
    return _mm512_scalef_ps(p, n);
}

// Keys [tokens, dim] as panels of 64 keys, each [depth][64]; keys beyond the last are zero.
template <class T>
void pack_keys(const T* k, uint32_t* out, const Shape& s, int64_t first_panel, int64_t end_panel) {
    for (int64_t panel = first_panel; panel < end_panel; panel++) {
        uint32_t* to = out + panel * s.depth * kPanel;
        for (int64_t j = 0; j < kPanel; j++) {
            const int64_t key = panel * kPanel + j;
            for (int64_t d = 0; d < s.depth; d++) {
                uint32_t unit = 0;
                if (key < s.tokens) std::memcpy(&unit, k + key * s.dim + d * s.pair, 4);
                to[d * kPanel + j] = unit;
            }
        }
    }
}

// Values [tokens, dim] as rows of `columns` units, one row per unit of keys.
template <class T>
void pack_values(const T* v, uint32_t* out, const Shape& s, int64_t first, int64_t end) {
    for (int64_t unit = first; unit < end; unit++) {
        uint32_t* to = out + unit * s.columns;
        std::memset(to, 0, static_cast<size_t>(s.columns) * 4);
        for (int64_t p = 0; p < s.pair; p++) {
            const int64_t key = unit * s.pair + p;
            if (key >= s.tokens) continue;
            const T* from = v + key * s.dim;
            for (int64_t j = 0; j < s.dim; j++) {
                if constexpr (sizeof(T) == 4)
                    std::memcpy(to + j, from + j, 4);
                else
                    to[j] |= static_cast<uint32_t>(from[j]) << (16 * p);
            }
        }
    }
}

// What one thread needs for a block of queries.
struct Scratch {
    Units queries, weights, scores, sums;
    explicit Scratch(const Shape& s)
        : queries(units(kQueries * s.depth)), weights(units(kQueries * kKeys)), scores(units(kQueries * kKeys)),
          sums(units(kQueries * s.columns)) {}
};

// Scores of a row -> weights e^(score scale - max), rounded to T, zero beyond `valid`; the sum of the
// row goes on and what was summed so far is brought to the new maximum.
template <class T>
[[gnu::target("arch=x86-64-v4,avx512bf16")]] void soften(float* scores, uint32_t* weights, float* sums, int64_t columns,
                                                         int64_t valid, int64_t keys, float scale, float& largest,
                                                         float& total) {
    const auto mask_at = [valid](int64_t j) {
        return static_cast<__mmask16>(j + kVector <= valid ? 0xFFFF : j >= valid ? 0 : (1U << (valid - j)) - 1);
    };
    const __m512 lowest = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
    __m512 top = lowest;
    for (int64_t j = 0; j < keys; j += kVector)
        top = _mm512_mask_max_ps(top, mask_at(j), top, _mm512_loadu_ps(scores + j));
    const float now = std::max(largest, _mm512_reduce_max_ps(top) * scale);
    const __m512 shift = _mm512_set1_ps(-now), factor = _mm512_set1_ps(scale);
    __m512 sum = _mm512_setzero_ps();
    for (int64_t j = 0; j < keys; j += kVector) {
        const __m512 p =
            _mm512_maskz_mov_ps(mask_at(j), exponential(_mm512_fmadd_ps(_mm512_loadu_ps(scores + j), factor, shift)));
        sum = _mm512_add_ps(sum, p);
        if constexpr (sizeof(T) == 4)
            _mm512_storeu_ps(weights + j, p);
        else
            _mm256_storeu_si256(reinterpret_cast<__m256i*>(weights + j / 2), (__m256i)_mm512_cvtneps_pbh(p));
    }
    const float before = std::exp(largest - now);
    total = total * before + _mm512_reduce_add_ps(sum);
    if (before != 1.0F)
        for (int64_t j = 0; j < columns; j += kVector)
            _mm512_storeu_ps(sums + j, _mm512_mul_ps(_mm512_loadu_ps(sums + j), _mm512_set1_ps(before)));
    largest = now;
}

template <class T>
[[gnu::target("arch=x86-64-v4,avx512bf16")]] void weigh(const uint32_t* weights, const uint32_t* values, float* sums,
                                                        const Shape& s, int64_t rows, int64_t depth) {
    for (int64_t column = 0; column < s.columns; column += kPanel) {
        const int64_t vectors = std::min(kPanel, s.columns - column) / kVector;
        for (int64_t i = 0; i < rows; i += kRows) {
            const uint32_t *a = weights + i * kKeys, *b = values + column;
            float* c = sums + i * s.columns + column;
            switch (vectors) {
                case 1: product<T, 1>(a, kKeys, b, s.columns, c, s.columns, depth, true); break;
                case 2: product<T, 2>(a, kKeys, b, s.columns, c, s.columns, depth, true); break;
                case 3: product<T, 3>(a, kKeys, b, s.columns, c, s.columns, depth, true); break;
                default: product<T, 4>(a, kKeys, b, s.columns, c, s.columns, depth, true); break;
            }
        }
    }
}

// Queries [first, end) of one head against all of its keys.
template <class T>
[[gnu::target("arch=x86-64-v4,avx512bf16")]] void block(const T* q, const uint32_t* keys, const uint32_t* values,
                                                        T* out, const Shape& s, int64_t first, int64_t end,
                                                        Scratch& scratch) {
    const int64_t count = end - first, rows = round_up(count, kRows);
    uint32_t *queries = scratch.queries.get(), *weights = scratch.weights.get();
    float *scores = reinterpret_cast<float*>(scratch.scores.get()),
          *sums = reinterpret_cast<float*>(scratch.sums.get());
    std::memset(queries, 0, static_cast<size_t>(rows * s.depth) * 4);
    std::memcpy(queries, q + first * s.dim, static_cast<size_t>(count * s.dim) * sizeof(T));
    std::memset(sums, 0, static_cast<size_t>(rows * s.columns) * 4);
    float largest[kQueries], total[kQueries];
    std::fill_n(largest, kQueries, -std::numeric_limits<float>::infinity());
    std::fill_n(total, kQueries, 0.0F);
    const float scale = 1.0F / std::sqrt(static_cast<float>(s.dim));
    for (int64_t key = 0; key < s.tokens; key += kKeys) {
        const int64_t valid = std::min(kKeys, s.tokens - key), width = round_up(valid, kPanel);
        for (int64_t j = 0; j < width; j += kPanel)
            for (int64_t i = 0; i < rows; i += kRows)
                product<T, 4>(queries + i * s.depth, s.depth, keys + (key + j) * s.depth, kPanel,
                              scores + i * kKeys + j, kKeys, s.depth, false);
        for (int64_t i = 0; i < rows; i++)
            soften<T>(scores + i * kKeys, weights + i * kKeys, sums + i * s.columns, s.columns, valid, width, scale,
                      largest[i], total[i]);
        weigh<T>(weights, values + key / s.pair * s.columns, sums, s, rows, width / s.pair);
    }
    const int64_t width = s.heads * s.dim;
    for (int64_t i = 0; i < count; i++) {
        const float divide = 1.0F / total[i];
        for (int64_t j = 0; j < s.dim; j += kVector) {
            const __mmask16 mask = static_cast<__mmask16>(s.dim - j >= kVector ? 0xFFFF : (1U << (s.dim - j)) - 1);
            const __m512 v = _mm512_mul_ps(_mm512_loadu_ps(sums + i * s.columns + j), _mm512_set1_ps(divide));
            T* to = out + (first + i) * width + j;
            if constexpr (sizeof(T) == 4)
                _mm512_mask_storeu_ps(to, mask, v);
            else
                _mm256_mask_storeu_epi16(to, mask, (__m256i)_mm512_cvtneps_pbh(v));
        }
    }
}

template <class T>
void heads(const T* q, const T* k, const T* v, T* out, const Shape& s) {
    const int64_t blocks = (s.queries + kQueries - 1) / kQueries, panels = s.keys / kPanel;
    const int64_t key_units = s.keys * s.depth, value_units = s.key_units * s.columns;
    // Short sequences: several heads at once, so that every thread has blocks enough.
    const int64_t group = std::clamp<int64_t>((4 * at::get_num_threads() + blocks - 1) / blocks, 1, s.heads);
    const Units keys = units(group * key_units), values = units(group * value_units);
    for (int64_t head = 0; head < s.heads; head += group) {
        const int64_t now = std::min(group, s.heads - head);
        device::parallel(now * panels, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; i++) {
                const int64_t h = i / panels, panel = i % panels, from = (head + h) * s.tokens * s.dim;
                pack_keys(k + from, keys.get() + h * key_units, s, panel, panel + 1);
                pack_values(v + from, values.get() + h * value_units, s, panel * kPanel / s.pair,
                            (panel + 1) * kPanel / s.pair);
            }
        });
        device::parallel(now * blocks, [&](int64_t begin, int64_t end) {
            Scratch scratch(s);
            for (int64_t i = begin; i < end; i++) {
                const int64_t h = i / blocks, first = i % blocks * kQueries;
                block<T>(q + (head + h) * s.queries * s.dim, keys.get() + h * key_units, values.get() + h * value_units,
                         out + (head + h) * s.dim, s, first, std::min(first + kQueries, s.queries), scratch);
            }
        });
    }
}

}  // namespace

bool attention_wide_suits(const at::Tensor& q) {
    if (!q.device().is_cpu() || q.numel() == 0) return false;
    if (q.scalar_type() == at::kFloat) return has_avx512_bf16();
    return q.scalar_type() == at::kBFloat16 && q.size(2) % 2 == 0 && has_avx512_bf16();
}

void attention_wide(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& out) {
    Shape s{};
    s.heads = q.size(0), s.queries = q.size(1), s.tokens = k.size(1), s.dim = q.size(2);
    s.pair = q.scalar_type() == at::kFloat ? 1 : 2;
    s.depth = s.dim / s.pair;
    s.columns = round_up(s.dim, kVector);
    s.keys = round_up(s.tokens, kPanel);
    s.key_units = s.keys / s.pair;
    if (s.pair == 1)
        return heads(q.const_data_ptr<float>(), k.const_data_ptr<float>(), v.const_data_ptr<float>(),
                     out.mutable_data_ptr<float>(), s);
    const auto* const from = static_cast<const uint16_t*>(q.const_data_ptr());
    const auto *const keys = static_cast<const uint16_t*>(k.const_data_ptr()), *const values =
                                                                                   static_cast<const uint16_t*>(
                                                                                       v.const_data_ptr());
    heads(from, keys, values, static_cast<uint16_t*>(out.mutable_data_ptr()), s);
}

}  // namespace zt::nn

#else

namespace zt::nn {

bool attention_wide_suits(const at::Tensor&) { return false; }
void attention_wide(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&) {}

}  // namespace zt::nn

#endif
