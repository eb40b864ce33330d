// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Each operation: a loop over rows written once, compiled for the processor's wide vectors and for any
// x86-64 or other machine, and the tensor form.
#include "nn/token_ops.h"

#include <algorithm>
#include <cmath>

#include "nn/row_loops.h"

namespace zt::nn {
namespace {

constexpr double kEpsilon = 1e-6;
constexpr double kLeastLength = 1e-12;
constexpr int64_t kMostDim = 512;  // of a head, for the buffer on the stack

template <class T>
struct NormModulate {
    const T* x;
    T* out;
    const float *shift, *scale;  // scale with 1 added
    int64_t x_stride, out_stride, width;
    float eps;
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
            const float scale_all = 1.0F / std::sqrt(variance + eps);
            for (int64_t j = 0; j < width; j++) put(to[j], (up(from[j]) - mean) * scale_all * scale[j] + shift[j]);
        }
    }
};

template <class T, bool kEach>
struct RmsModulate {
    const T* x;
    T* out;
    const float *weight, *shift, *scale;  // scale with 1 added; null: the norm alone
    int64_t x_stride, out_stride, width;
    float eps;
    [[gnu::always_inline]] inline void rows(int64_t begin, int64_t end) const {
        for (int64_t i = begin; i < end; i++) {
            const T* from = x + i * x_stride;
            T* to = out + i * out_stride;
            const float square = sum_of(
                width, [from](int64_t j) __attribute__((always_inline)) { return up(from[j]) * up(from[j]); });
            const float root = 1.0F / std::sqrt(square / static_cast<float>(width) + eps);
            if (!scale) {
                for (int64_t j = 0; j < width; j++) put(to[j], up(from[j]) * root * weight[j]);
                continue;
            }
            for (int64_t j = 0; j < width; j++) {
                const float normed = rounded<T>(up(from[j]) * root * weight[j]);
                put(to[j], (kEach ? rounded<T>(normed * scale[j]) : normed * scale[j]) + shift[j]);
            }
        }
    }
};

template <class T, bool kEach>
struct AddGated {
    T* x;
    const T* y;
    const float* gate;
    int64_t x_stride, y_stride, width;
    [[gnu::always_inline]] inline void rows(int64_t begin, int64_t end) const {
        for (int64_t i = begin; i < end; i++) {
            T* to = x + i * x_stride;
            const T* from = y + i * y_stride;
            for (int64_t j = 0; j < width; j++) {
                const float product = gate[j] * up(from[j]);
                put(to[j], up(to[j]) + (kEach ? rounded<T>(product) : product));
            }
        }
    }
};

// kHalves, kEach: as in HeadStyle.
template <class T, bool kHalves, bool kEach>
struct SplitHeads {
    const T* qkv;
    T* out;                                                      // at the first row to be written
    const float *q_norm, *k_norm, *q_bias, *k_bias, *cos, *sin;  // biases null: no mean is taken away
    int64_t heads, dim, all_tokens, pairs;
    float eps;
    [[gnu::always_inline]] static inline float step(float v) { return kEach ? rounded<T>(v) : v; }
    [[gnu::always_inline]] inline void turn(const T* from, T* to, const float* norm, const float* bias, const float* c,
                                            const float* s) const {
        float row[kMostDim];
        const float n = static_cast<float>(dim);
        const float mean = bias ? sum_of(
                                      dim, [from](int64_t j) __attribute__((always_inline)) { return up(from[j]); }) /
                                      n
                                : 0.0F;
        const float square = sum_of(
            dim, [ from, mean ](int64_t j) __attribute__((always_inline)) {
                const float d = up(from[j]) - mean;
                return d * d;
            });
        const float scale = 1.0F / std::sqrt(square / n + eps);
        for (int64_t j = 0; j < dim; j++)
            row[j] = step((up(from[j]) - mean) * scale * norm[j] + (bias ? bias[j] : 0.0F));
        if (!c) {
            for (int64_t j = 0; j < dim; j++) put(to[j], row[j]);
            return;
        }
        if constexpr (kHalves) {
            for (int64_t j = 0; j < pairs; j++) {
                const float a = row[j], b = row[j + pairs], cosine = step(c[j]), sine = step(s[j]);
                put(to[j], step(a * cosine) - step(b * sine));
                put(to[j + pairs], step(b * cosine) + step(a * sine));
            }
            for (int64_t j = 2 * pairs; j < dim; j++) put(to[j], row[j]);
            return;
        }
        for (int64_t j = 0; j < dim / 2; j++) {
            const float a = row[2 * j], b = row[2 * j + 1], cosine = step(c[j]), sine = step(s[j]);
            put(to[2 * j], step(a * cosine) - step(b * sine));
            put(to[2 * j + 1], step(b * cosine) + step(a * sine));
        }
    }
    [[gnu::always_inline]] inline void rows(int64_t begin, int64_t end) const {
        const int64_t width = heads * dim;
        for (int64_t i = begin; i < end; i++) {
            const float* c = cos ? cos + i * pairs : nullptr;
            const float* s = sin ? sin + i * pairs : nullptr;
            for (int64_t head = 0; head < heads; head++) {
                const T* from = qkv + i * 3 * width + head * dim;
                T* to = out + (head * all_tokens + i) * dim;
                const int64_t part = heads * all_tokens * dim;
                turn(from, to, q_norm, q_bias, c, s);
                turn(from + width, to + part, k_norm, k_bias, c, s);
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

}  // namespace

void norm_modulate(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale, const at::Tensor& out,
                   double eps) {
    if (!ours(x)) return plain::norm_modulate(x, shift, scale, out, eps);
    const at::Tensor a = floats(shift), b = floats(scale) + 1;
    by_type(x, [&](auto kind) {
        using T = decltype(kind);
        run(NormModulate<T>{data<T>(x), data<T>(out), data<float>(a), data<float>(b), x.stride(0), out.stride(0),
                            x.size(1), static_cast<float>(eps)},
            x.size(0));
    });
}

void rms_modulate(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& shift, const at::Tensor& scale,
                  double eps, const at::Tensor& out, Rounds rounds) {
    if (!ours(x)) return plain::rms_modulate(x, weight, shift, scale, eps, out, rounds);
    const bool each = rounds == Rounds::kEach;
    const at::Tensor w = floats(weight);
    at::Tensor a, b;
    if (scale.defined()) a = floats(shift), b = each ? floats(scale + 1) : floats(scale) + 1;
    by_type(x, [&](auto kind) {
        using T = decltype(kind);
        by_flag(each, [&](auto rounding) {
            run(RmsModulate<T, decltype(rounding)::value>{data<T>(x), data<T>(out), data<float>(w),
                                                          a.defined() ? data<float>(a) : nullptr,
                                                          b.defined() ? data<float>(b) : nullptr, x.stride(0),
                                                          out.stride(0), x.size(1), static_cast<float>(eps)},
                x.size(0));
        });
    });
}

void add_gated(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate, Rounds rounds) {
    if (!ours(x) || !ours(y)) return plain::add_gated(x, y, gate, rounds);
    const at::Tensor g = floats(gate);
    by_type(x, [&](auto kind) {
        using T = decltype(kind);
        by_flag(rounds == Rounds::kEach, [&](auto each) {
            run(AddGated<T, decltype(each)::value>{data<T>(x), data<T>(y), data<float>(g), x.stride(0), y.stride(0),
                                                   x.size(1)},
                x.size(0));
        });
    });
}

void split_heads(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm, const at::Tensor& cos,
                 const at::Tensor& sin, const at::Tensor& out, int64_t first, const HeadStyle& style) {
    if (!ours(qkv) || !qkv.is_contiguous() || !out.is_contiguous() || out.size(3) > kMostDim)
        return plain::split_heads(qkv, q_norm, k_norm, cos, sin, out, first, style);
    const at::Tensor q = floats(q_norm), k = floats(k_norm);
    const bool centred = style.q_bias.defined();
    const at::Tensor q_bias = centred ? floats(style.q_bias) : at::Tensor(),
                     k_bias = centred ? floats(style.k_bias) : at::Tensor();
    const at::Tensor c = cos.defined() ? cos.contiguous() : cos, s = sin.defined() ? sin.contiguous() : sin;
    by_type(qkv, [&](auto kind) {
        using T = decltype(kind);
        by_flag(style.halves, [&](auto halves) {
            by_flag(style.rounds == Rounds::kEach, [&](auto each) {
                run(
                    SplitHeads<T, decltype(halves)::value, decltype(each)::value>{
                        data<T>(qkv), data<T>(out) + first * out.size(3), data<float>(q), data<float>(k),
                        centred ? data<float>(q_bias) : nullptr, centred ? data<float>(k_bias) : nullptr,
                        c.defined() ? data<float>(c) : nullptr, s.defined() ? data<float>(s) : nullptr, out.size(1),
                        out.size(3), out.size(2), c.defined() ? c.size(1) : 0, static_cast<float>(style.eps)},
                    qkv.size(0));
            });
        });
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

void norm_modulate(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale, const at::Tensor& out,
                   double eps) {
    const at::Tensor h = at::layer_norm(x.to(at::kFloat), {x.size(-1)}, {}, {}, eps);
    out.copy_(h * (scale.to(at::kFloat) + 1) + shift.to(at::kFloat));
}

void rms_modulate(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& shift, const at::Tensor& scale,
                  double eps, const at::Tensor& out, Rounds rounds) {
    const at::Tensor wide = x.to(at::kFloat);
    const at::Tensor normed =
        (wide * at::rsqrt(wide.square().mean(-1, true) + eps) * weight.to(at::kFloat)).to(x.scalar_type());
    if (!scale.defined())
        out.copy_(normed);
    else if (rounds == Rounds::kEach)
        out.copy_(normed * (scale.to(x.scalar_type()) + 1) + shift.to(x.scalar_type()));
    else
        out.copy_(normed.to(at::kFloat) * (scale.to(at::kFloat) + 1) + shift.to(at::kFloat));
}

void add_gated(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate, Rounds rounds) {
    if (rounds == Rounds::kEach)
        x.add_(gate.to(x.scalar_type()) * y.to(x.scalar_type()));
    else
        x.copy_(x.to(at::kFloat) + gate.to(at::kFloat) * y.to(at::kFloat));
}

namespace {

// Queries or keys [heads, tokens, dim] of split_heads, turned.
at::Tensor turned(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, const HeadStyle& style) {
    const int64_t heads = x.size(0), tokens = x.size(1), dim = x.size(2), pairs = cos.size(1);
    if (!style.halves) {
        const at::Tensor by_pair = x.reshape({heads, tokens, dim / 2, 2}), a = by_pair.select(3, 0),
                         b = by_pair.select(3, 1);
        return at::stack({a * cos - b * sin, b * cos + a * sin}, 3).reshape({heads, tokens, dim});
    }
    const at::Tensor a = x.narrow(2, 0, pairs), b = x.narrow(2, pairs, pairs);
    return at::cat({a * cos - b * sin, b * cos + a * sin, x.narrow(2, 2 * pairs, dim - 2 * pairs)}, 2);
}

}  // namespace

void split_heads(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm, const at::Tensor& cos,
                 const at::Tensor& sin, const at::Tensor& out, int64_t first, const HeadStyle& style) {
    const int64_t tokens = qkv.size(0), heads = out.size(1), dim = out.size(3);
    const at::ScalarType between = style.rounds == Rounds::kEach ? qkv.scalar_type() : at::kFloat;
    const at::Tensor parts = qkv.view({tokens, 3, heads, dim}).permute({1, 2, 0, 3});  // [3, heads, tokens, dim]
    const at::Tensor to = out.narrow(2, first, tokens);
    for (int64_t i = 0; i < 2; i++) {
        at::Tensor x = parts[i].to(at::kFloat);
        const at::Tensor bias = i == 0 ? style.q_bias : style.k_bias;
        if (bias.defined()) x = x - x.mean(-1, true);
        x = (x * at::rsqrt(x.square().mean(-1, true) + style.eps) * (i == 0 ? q_norm : k_norm).to(at::kFloat) +
             (bias.defined() ? bias.to(at::kFloat) : at::zeros({1}, x.options())))
                .to(between);
        if (cos.defined()) x = turned(x, cos.to(between), sin.to(between), style);
        to[i].copy_(x);
    }
    to[2].copy_(parts[2]);
}

}  // namespace plain

}  // namespace zt::nn
