// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Each operation: a loop over rows written once, compiled for the processor's wide vectors and for any
// x86-64 or other machine, and the tensor form.
#include "nn/token_ops.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "device/parallel.h"
#include "nn/cpu.h"

namespace zt::nn {
namespace {

constexpr double kEpsilon = 1e-6;
constexpr double kLeastLength = 1e-12;
constexpr int64_t kLanes = 16;      // partial sums, so that rows are summed in vectors
constexpr int64_t kMostDim = 512;   // of a head, for the buffer on the stack
constexpr int64_t kRowsAtOnce = 8;  // least work for a thread

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

template <class T>
struct NormModulate {
    const T* x;
    T* out;
    const float *shift, *scale;  // scale with 1 added
    int64_t x_stride, out_stride, width;
    [[gnu::always_inline]] inline void rows(int64_t begin, int64_t end) const {
        const float n = static_cast<float>(width);
        for (int64_t i = begin; i < end; i++) {
            const T* from = x + i * x_stride;
            T* to = out + i * out_stride;
            const float mean = sum_of(
                                   width, [from](int64_t j) __attribute__((always_inline)) { return up(from[j]); }) /
                               n;
            const float variance = sum_of(
                                       width, [ from, mean ](int64_t j) __attribute__((always_inline)) {
                                           const float d = up(from[j]) - mean;
                                           return d * d;
                                       }) /
                                   n;
            const float scale_all = 1.0F / std::sqrt(variance + static_cast<float>(kEpsilon));
            for (int64_t j = 0; j < width; j++) put(to[j], (up(from[j]) - mean) * scale_all * scale[j] + shift[j]);
        }
    }
};

template <class T>
struct AddGated {
    T* x;
    const T* y;
    const float* gate;
    int64_t x_stride, y_stride, width;
    [[gnu::always_inline]] inline void rows(int64_t begin, int64_t end) const {
        for (int64_t i = begin; i < end; i++) {
            T* to = x + i * x_stride;
            const T* from = y + i * y_stride;
            for (int64_t j = 0; j < width; j++) put(to[j], up(to[j]) + gate[j] * up(from[j]));
        }
    }
};

template <class T>
struct SplitHeads {
    const T* qkv;
    T* out;  // at the first row to be written
    const float *q_norm, *k_norm, *cos, *sin;
    int64_t heads, dim, all_tokens;
    [[gnu::always_inline]] inline void turn(const T* from, T* to, const float* norm, const float* c,
                                            const float* s) const {
        float row[kMostDim];
        const float square = sum_of(
            dim, [from](int64_t j) __attribute__((always_inline)) { return up(from[j]) * up(from[j]); });
        const float scale = 1.0F / std::sqrt(square / static_cast<float>(dim) + static_cast<float>(kEpsilon));
        for (int64_t j = 0; j < dim; j++) row[j] = up(from[j]) * scale * norm[j];
        if (!c) {
            for (int64_t j = 0; j < dim; j++) put(to[j], row[j]);
            return;
        }
        for (int64_t j = 0; j < dim / 2; j++) {
            const float a = row[2 * j], b = row[2 * j + 1];
            put(to[2 * j], a * c[j] - b * s[j]);
            put(to[2 * j + 1], b * c[j] + a * s[j]);
        }
    }
    [[gnu::always_inline]] inline void rows(int64_t begin, int64_t end) const {
        const int64_t width = heads * dim;
        for (int64_t i = begin; i < end; i++) {
            const float* c = cos ? cos + i * (dim / 2) : nullptr;
            const float* s = sin ? sin + i * (dim / 2) : nullptr;
            for (int64_t head = 0; head < heads; head++) {
                const T* from = qkv + i * 3 * width + head * dim;
                T* to = out + (head * all_tokens + i) * dim;
                const int64_t part = heads * all_tokens * dim;
                turn(from, to, q_norm, c, s);
                turn(from + width, to + part, k_norm, c, s);
                for (int64_t j = 0; j < dim; j++) to[2 * part + j] = from[2 * width + j];
            }
        }
    }
};

template <class T>
struct RmsHeads {
    const T* x;
    T* out;  // at the first row to be written
    const float *norm, *cos, *sin;
    int64_t heads, dim, x_stride, all_tokens;
    [[gnu::always_inline]] inline void rows(int64_t begin, int64_t end) const {
        const int64_t width = heads * dim;
        for (int64_t i = begin; i < end; i++) {
            const T* from = x + i * x_stride;
            const float square = sum_of(
                width, [from](int64_t j) __attribute__((always_inline)) { return up(from[j]) * up(from[j]); });
            const float scale = 1.0F / std::sqrt(square / static_cast<float>(width) + static_cast<float>(kEpsilon));
            for (int64_t head = 0; head < heads; head++) {
                const T* part = from + head * dim;
                const float* w = norm + head * dim;
                T* to = out + (head * all_tokens + i) * dim;
                if (!cos) {
                    for (int64_t j = 0; j < dim; j++) put(to[j], up(part[j]) * scale * w[j]);
                    continue;
                }
                const float *c = cos + i * (dim / 2), *s = sin + i * (dim / 2);
                for (int64_t j = 0; j < dim / 2; j++) {
                    const float a = up(part[2 * j]) * scale * w[2 * j], b = up(part[2 * j + 1]) * scale * w[2 * j + 1];
                    put(to[2 * j], a * c[j] - b * s[j]);
                    put(to[2 * j + 1], b * c[j] + a * s[j]);
                }
            }
        }
    }
};

template <class T>
struct RmsRows {
    const T* x;
    T* out;
    const float* gamma;
    int64_t x_stride, out_stride, width;
    [[gnu::always_inline]] inline void rows(int64_t begin, int64_t end) const {
        const float root = std::sqrt(static_cast<float>(width));
        for (int64_t i = begin; i < end; i++) {
            const T* from = x + i * x_stride;
            T* to = out + i * out_stride;
            const float square = sum_of(
                width, [from](int64_t j) __attribute__((always_inline)) { return up(from[j]) * up(from[j]); });
            const float scale = root / std::max(std::sqrt(square), static_cast<float>(kLeastLength));
            for (int64_t j = 0; j < width; j++) put(to[j], up(from[j]) * scale * gamma[j]);
        }
    }
};

#ifdef __x86_64__
template <class Loop>
[[gnu::target("arch=x86-64-v4")]] void rows_wide(const Loop& loop, int64_t begin, int64_t end) {
    loop.rows(begin, end);
}
#endif

template <class Loop>
void run(const Loop& loop, int64_t rows) {
    device::parallel((rows + kRowsAtOnce - 1) / kRowsAtOnce, [&](int64_t begin, int64_t end) {
        const int64_t first = begin * kRowsAtOnce, last = std::min(end * kRowsAtOnce, rows);
#ifdef __x86_64__
        if (has_avx512()) return rows_wide(loop, first, last);
#endif
        loop.rows(first, last);
    });
}

bool ours(const at::Tensor& x) {
    return x.device().is_cpu() && x.stride(-1) == 1 &&
           (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

template <class T>
T* data(const at::Tensor& t) {
    return static_cast<T*>(t.data_ptr());
}

at::Tensor floats(const at::Tensor& t) { return t.to(at::kFloat).contiguous(); }

template <class F>
void by_type(const at::Tensor& x, const F& f) {
    if (x.scalar_type() == at::kFloat)
        f(float{});
    else
        f(Half{});
}

}  // namespace

void norm_modulate(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale, const at::Tensor& out) {
    if (!ours(x)) return plain::norm_modulate(x, shift, scale, out);
    const at::Tensor a = floats(shift), b = floats(scale) + 1;
    by_type(x, [&](auto kind) {
        using T = decltype(kind);
        run(NormModulate<T>{data<T>(x), data<T>(out), data<float>(a), data<float>(b), x.stride(0), out.stride(0),
                            x.size(1)},
            x.size(0));
    });
}

void add_gated(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate) {
    if (!ours(x) || !ours(y)) return plain::add_gated(x, y, gate);
    const at::Tensor g = floats(gate);
    by_type(x, [&](auto kind) {
        using T = decltype(kind);
        run(AddGated<T>{data<T>(x), data<T>(y), data<float>(g), x.stride(0), y.stride(0), x.size(1)}, x.size(0));
    });
}

void split_heads(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm, const at::Tensor& cos,
                 const at::Tensor& sin, const at::Tensor& out, int64_t first) {
    if (!ours(qkv) || !qkv.is_contiguous() || !out.is_contiguous() || out.size(3) > kMostDim)
        return plain::split_heads(qkv, q_norm, k_norm, cos, sin, out, first);
    const at::Tensor q = floats(q_norm), k = floats(k_norm);
    const at::Tensor c = cos.defined() ? cos.contiguous() : cos, s = sin.defined() ? sin.contiguous() : sin;
    by_type(qkv, [&](auto kind) {
        using T = decltype(kind);
        run(SplitHeads<T>{data<T>(qkv), data<T>(out) + first * out.size(3), data<float>(q), data<float>(k),
                          c.defined() ? data<float>(c) : nullptr, s.defined() ? data<float>(s) : nullptr, out.size(1),
                          out.size(3), out.size(2)},
            qkv.size(0));
    });
}

void rms_heads(const at::Tensor& x, const at::Tensor& norm, const at::Tensor& cos, const at::Tensor& sin,
               const at::Tensor& out, int64_t first) {
    if (!ours(x) || !out.is_contiguous()) return plain::rms_heads(x, norm, cos, sin, out, first);
    const at::Tensor w = floats(norm);
    const at::Tensor c = cos.defined() ? cos.contiguous() : cos, s = sin.defined() ? sin.contiguous() : sin;
    by_type(x, [&](auto kind) {
        using T = decltype(kind);
        run(RmsHeads<T>{data<T>(x), data<T>(out) + first * out.size(2), data<float>(w),
                        c.defined() ? data<float>(c) : nullptr, s.defined() ? data<float>(s) : nullptr, out.size(0),
                        out.size(2), x.stride(0), out.size(1)},
            x.size(0));
    });
}

void rms_rows(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& out) {
    if (!ours(x)) return plain::rms_rows(x, gamma, out);
    const at::Tensor g = floats(gamma);
    by_type(x, [&](auto kind) {
        using T = decltype(kind);
        run(RmsRows<T>{data<T>(x), data<T>(out), data<float>(g), x.stride(0), out.stride(0), x.size(1)}, x.size(0));
    });
}

namespace plain {

void rms_rows(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& out) {
    const at::Tensor wide = x.to(at::kFloat), length = at::linalg_vector_norm(wide, 2, {1}, true);
    out.copy_(wide / length.clamp_min(kLeastLength) * std::sqrt(static_cast<double>(x.size(1))) * gamma.to(at::kFloat));
}

void rms_heads(const at::Tensor& x, const at::Tensor& norm, const at::Tensor& cos, const at::Tensor& sin,
               const at::Tensor& out, int64_t first) {
    const int64_t tokens = x.size(0), heads = out.size(0), dim = out.size(2);
    at::Tensor y = x.to(at::kFloat);
    y = (y * at::rsqrt(y.square().mean(-1, true) + kEpsilon) * norm.to(at::kFloat))
            .view({tokens, heads, dim})
            .transpose(0, 1);
    if (cos.defined()) {
        const at::Tensor pairs = y.reshape({heads, tokens, dim / 2, 2}), a = pairs.select(3, 0), b = pairs.select(3, 1);
        y = at::stack({a * cos - b * sin, b * cos + a * sin}, 3).reshape({heads, tokens, dim});
    }
    out.narrow(1, first, tokens).copy_(y);
}

void norm_modulate(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale, const at::Tensor& out) {
    const at::Tensor h = at::layer_norm(x.to(at::kFloat), {x.size(-1)}, {}, {}, kEpsilon);
    out.copy_(h * (scale.to(at::kFloat) + 1) + shift.to(at::kFloat));
}

void add_gated(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate) {
    x.copy_(x.to(at::kFloat) + gate.to(at::kFloat) * y.to(at::kFloat));
}

void split_heads(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm, const at::Tensor& cos,
                 const at::Tensor& sin, const at::Tensor& out, int64_t first) {
    const int64_t tokens = qkv.size(0), heads = out.size(1), dim = out.size(3);
    const at::Tensor parts = qkv.view({tokens, 3, heads, dim}).permute({1, 2, 0, 3});  // [3, heads, tokens, dim]
    const at::Tensor to = out.narrow(2, first, tokens);
    for (int64_t i = 0; i < 2; i++) {
        at::Tensor x = parts[i].to(at::kFloat);
        x = x * at::rsqrt(x.square().mean(-1, true) + kEpsilon) * (i == 0 ? q_norm : k_norm).to(at::kFloat);
        if (cos.defined()) {
            const at::Tensor pairs = x.reshape({heads, tokens, dim / 2, 2}), a = pairs.select(3, 0),
                             b = pairs.select(3, 1);
            x = at::stack({a * cos - b * sin, b * cos + a * sin}, 3).reshape({heads, tokens, dim});
        }
        to[i].copy_(x);
    }
    to[2].copy_(parts[2]);
}

}  // namespace plain

}  // namespace zt::nn
