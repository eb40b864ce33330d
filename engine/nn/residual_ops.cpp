// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See residual_ops.h. Each operation: a loop over rows (row_loops.h), and the tensor form.
#include "nn/residual_ops.h"

#include <bit>
#include <cmath>

#include "nn/row_loops.h"

namespace zt::nn {
namespace {

// e^x as 2^n e^r with |r| <= ln(2) / 2 and the polynomial of Cephes' expf, within 2 ulp: a form that compilers turn
// into vectors, where a call of the C library would be one number at a time.
[[gnu::always_inline]] inline float exponential(float x) {
    constexpr float kMost = 89.0F,
                    kLeast = -87.0F;  // 2^n is infinite at the first, the least normal number at the last
    x = x < kMost ? x : kMost;        // a NaN too: it must not become a whole number
    x = x > kLeast ? x : kLeast;
    constexpr float kShift = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
    const float n = (x * 1.44269504F + kShift) - kShift;
    const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
    float p = 1.9875691500e-4F;
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * r * r + r + 1.0F;
    return p * std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
}

template <class T>
struct RmsNorm {
    const float *x, *weight;
    T* out;
    int64_t x_stride, out_stride, width;
    float eps;
    [[gnu::always_inline]] inline void rows(int64_t begin, int64_t end) const {
        for (int64_t i = begin; i < end; i++) {
            const float* from = x + i * x_stride;
            T* to = out + i * out_stride;
            const float square = sum_of(
                width, [from](int64_t j) __attribute__((always_inline)) { return from[j] * from[j]; });
            const float scale = 1.0F / std::sqrt(square / static_cast<float>(width) + eps);
            for (int64_t j = 0; j < width; j++) put(to[j], from[j] * scale * weight[j]);
        }
    }
};

template <class T>
struct AddScaled {
    float* x;
    const T* y;
    const float* scale;
    int64_t x_stride, y_stride, width;
    [[gnu::always_inline]] inline void rows(int64_t begin, int64_t end) const {
        for (int64_t i = begin; i < end; i++) {
            float* to = x + i * x_stride;
            const T* from = y + i * y_stride;
            for (int64_t j = 0; j < width; j++) to[j] += up(from[j]) * scale[j];
        }
    }
};

template <class T>
struct Swiglu {
    const T* x;
    T* out;
    int64_t x_stride, out_stride, width;
    [[gnu::always_inline]] inline void rows(int64_t begin, int64_t end) const {
        for (int64_t i = begin; i < end; i++) {
            const T *value = x + i * x_stride, *gate = value + width;
            T* to = out + i * out_stride;
            for (int64_t j = 0; j < width; j++) {
                const float g = up(gate[j]);
                put(to[j], up(value[j]) * (g / (1.0F + exponential(-g))));
            }
        }
    }
};

}  // namespace

void rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& out) {
    if (!ours(x) || !ours(out) || x.scalar_type() != at::kFloat) return plain::rms_norm(x, weight, eps, out);
    const at::Tensor w = floats(weight);
    by_type(out, [&](auto kind) {
        using T = decltype(kind);
        run(RmsNorm<T>{data<float>(x), data<float>(w), data<T>(out), x.stride(0), out.stride(0), x.size(1),
                       static_cast<float>(eps)},
            x.size(0));
    });
}

void add_scaled(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale) {
    if (!ours(x) || !ours(y) || x.scalar_type() != at::kFloat) return plain::add_scaled(x, y, scale);
    const at::Tensor s = floats(scale);
    by_type(y, [&](auto kind) {
        using T = decltype(kind);
        run(AddScaled<T>{data<float>(x), data<T>(y), data<float>(s), x.stride(0), y.stride(0), x.size(1)}, x.size(0));
    });
}

void swiglu(const at::Tensor& x, const at::Tensor& out) {
    if (!ours(x) || !ours(out)) return plain::swiglu(x, out);
    by_type(x, [&](auto kind) {
        using T = decltype(kind);
        run(Swiglu<T>{data<T>(x), data<T>(out), x.stride(0), out.stride(0), out.size(1)}, x.size(0));
    });
}

namespace plain {

void rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps, const at::Tensor& out) {
    const at::Tensor wide = x.to(at::kFloat);
    out.copy_(wide * at::rsqrt(wide.square().mean(-1, true) + eps) * weight.to(at::kFloat));
}

void add_scaled(const at::Tensor& x, const at::Tensor& y, const at::Tensor& scale) {
    x.copy_(x.to(at::kFloat) + y.to(at::kFloat) * scale.to(at::kFloat));
}

void swiglu(const at::Tensor& x, const at::Tensor& out) {
    const int64_t f = out.size(1);
    out.copy_(x.narrow(1, 0, f).to(at::kFloat) * at::silu(x.narrow(1, f, f).to(at::kFloat)));
}

}  // namespace plain

}  // namespace zt::nn
