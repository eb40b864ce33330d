// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sixteen channels at a time in the compiler's vector types; what is left over goes through the same
// code padded with zeros. exp follows the range reduction and polynomial of Cephes' expf
// (netlib.org/cephes), good to 2 units in the last place.
#include "nn/causal_gather_cpu.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "device/parallel.h"

namespace zt::nn::cpu {
namespace {

constexpr int64_t kLanes = 16;
using Floats [[gnu::vector_size(64)]] = float;
using Words [[gnu::vector_size(64)]] = uint32_t;
using Halves [[gnu::vector_size(32)]] = uint16_t;

constexpr int64_t kRun = 64;     // places summed in fp32 before the sums go on in fp64
constexpr int64_t kPart = 4096;  // places of one task

// ---- values in and out; n of the sixteen lanes exist ----
[[gnu::always_inline]] inline void load(Floats& v, const float* p, int64_t n) {
    if (n < kLanes) v = Floats{};
    std::memcpy(&v, p, static_cast<size_t>(n) * sizeof(float));
}

[[gnu::always_inline]] inline void load(Floats& v, const c10::BFloat16* p, int64_t n) {
    Halves h{};
    std::memcpy(&h, p, static_cast<size_t>(n) * sizeof(uint16_t));
    const Words w = __builtin_convertvector(h, Words) << 16;
    std::memcpy(&v, &w, sizeof v);
}

[[gnu::always_inline]] inline void store(float* p, const Floats& v, int64_t n) {
    std::memcpy(p, &v, static_cast<size_t>(n) * sizeof(float));
}

// To the nearest, ties to even; every NaN becomes the same one.
[[gnu::always_inline]] inline void store(c10::BFloat16* p, const Floats& v, int64_t n) {
    Words w;
    std::memcpy(&w, &v, sizeof w);
    w = (w + 0x7fffU + ((w >> 16) & 1U)) >> 16;
    const Words nan = w - w + 0x7fc0U;
    w = v == v ? w : nan;
    const Halves h = __builtin_convertvector(w, Halves);
    std::memcpy(p, &h, static_cast<size_t>(n) * sizeof(uint16_t));
}

// v = v / (1 + exp(-v))
[[gnu::always_inline]] inline void silu(Floats& v) {
    const Floats least = Floats{} - 87.0F, most = Floats{} + 87.0F;
    Floats x = -v;
    x = x > least ? x : least;
    x = x < most ? x : most;
    // Adding and taking away 1.5 * 2^23 rounds to the nearest integer.
    Floats n = x * 1.44269504088896341F + 12582912.0F;
    n = n - 12582912.0F;
    const Floats r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
    Floats p = r * 1.9875691500e-4F + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = (p * r) * r + r + 1.0F;
    using Integers [[gnu::vector_size(64)]] = int32_t;
    const Integers power = (__builtin_convertvector(n, Integers) + 127) << 23;
    Floats two;
    std::memcpy(&two, &power, sizeof two);
    v = v / (1.0F + p * two);
}

// ---- sums ----
// Adds the sums of places [0, count) of x, each `channels` wide, to sums[2][channels].
template <class T>
[[gnu::always_inline]] inline void add_moments(const T* x, const T* pivot, int64_t count, int64_t channels,
                                               double* sums) {
    for (int64_t from = 0; from < count; from += kRun) {
        const int64_t to = std::min(from + kRun, count);
        for (int64_t c = 0; c < channels; c += kLanes) {
            const int64_t n = std::min(kLanes, channels - c);
            Floats zero, v, sum{}, square{};
            load(zero, pivot + c, n);
            for (int64_t i = from; i < to; i++) {
                if (n == kLanes)
                    load(v, x + i * channels + c, kLanes);
                else
                    load(v, x + i * channels + c, n);
                v -= zero;
                sum += v;
                square += v * v;
            }
            for (int64_t lane = 0; lane < n; lane++) {
                sums[c + lane] += static_cast<double>(sum[lane]);
                sums[channels + c + lane] += static_cast<double>(square[lane]);
            }
        }
    }
}

// ---- gathering ----
// One place: y = silu(x * scale + shift).
template <class T>
[[gnu::always_inline]] inline void activate(const T* x, const float* scale, const float* shift, int64_t channels,
                                            T* y) {
    int64_t c = 0;
    Floats v, a, b;
    for (; c + kLanes <= channels; c += kLanes) {
        load(v, x + c, kLanes);
        load(a, scale + c, kLanes);
        load(b, shift + c, kLanes);
        v = v * a + b;
        silu(v);
        store(y + c, v, kLanes);
    }
    if (c == channels) return;
    load(v, x + c, channels - c);
    load(a, scale + c, channels - c);
    load(b, shift + c, channels - c);
    v = v * a + b;
    silu(v);
    store(y + c, v, channels - c);
}

// One row of one source frame into every place of the result that reads it. `places` lists them, as
// offsets of the row's first column (the repeated border) at the right tap.
template <class T>
[[gnu::always_inline]] inline void spread_row(const T* x, const float* scale, const float* shift, int64_t width,
                                              int64_t channels, int64_t pitch, const std::vector<int64_t>& places,
                                              T* out) {
    const size_t bytes = static_cast<size_t>(channels) * sizeof(T);
    for (int64_t column = 0; column < width; column++) {
        T* first = out + places[0] + (column + 1) * pitch;
        if (scale)
            activate(x + column * channels, scale, shift, channels, first);
        else
            std::memcpy(first, x + column * channels, bytes);
        for (size_t i = 1; i < places.size(); i++) std::memcpy(out + places[i] + (column + 1) * pitch, first, bytes);
    }
    for (const int64_t place : places) {
        std::memcpy(out + place, out + place + pitch, bytes);
        std::memcpy(out + place + (width + 1) * pitch, out + place + width * pitch, bytes);
    }
}

// ---- the instruction sets ----
template <class T>
using Moments = void (*)(const T*, const T*, int64_t, int64_t, double*);
template <class T>
using SpreadRow = void (*)(const T*, const float*, const float*, int64_t, int64_t, int64_t, const std::vector<int64_t>&,
                           T*);

template <class T>
void moments_plain(const T* x, const T* pivot, int64_t count, int64_t channels, double* sums) {
    add_moments(x, pivot, count, channels, sums);
}
template <class T>
void spread_plain(const T* x, const float* scale, const float* shift, int64_t width, int64_t channels, int64_t pitch,
                  const std::vector<int64_t>& places, T* out) {
    spread_row(x, scale, shift, width, channels, pitch, places, out);
}

#if defined(__x86_64__)
template <class T>
[[gnu::target("avx2")]] void moments_avx2(const T* x, const T* pivot, int64_t count, int64_t channels, double* sums) {
    add_moments(x, pivot, count, channels, sums);
}
template <class T>
[[gnu::target("avx2")]] void spread_avx2(const T* x, const float* scale, const float* shift, int64_t width,
                                         int64_t channels, int64_t pitch, const std::vector<int64_t>& places, T* out) {
    spread_row(x, scale, shift, width, channels, pitch, places, out);
}
template <class T>
[[gnu::target("avx512f,avx512bw")]] void moments_avx512(const T* x, const T* pivot, int64_t count, int64_t channels,
                                                        double* sums) {
    add_moments(x, pivot, count, channels, sums);
}
template <class T>
[[gnu::target("avx512f,avx512bw")]] void spread_avx512(const T* x, const float* scale, const float* shift,
                                                       int64_t width, int64_t channels, int64_t pitch,
                                                       const std::vector<int64_t>& places, T* out) {
    spread_row(x, scale, shift, width, channels, pitch, places, out);
}

template <class F>
F choose(F plain, F avx2, F avx512) {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) return avx512;
    return __builtin_cpu_supports("avx2") ? avx2 : plain;
}
template <class T>
Moments<T> moments_here() {
    return choose<Moments<T>>(moments_plain<T>, moments_avx2<T>, moments_avx512<T>);
}
template <class T>
SpreadRow<T> spread_here() {
    return choose<SpreadRow<T>>(spread_plain<T>, spread_avx2<T>, spread_avx512<T>);
}
#else
template <class T>
Moments<T> moments_here() {
    return moments_plain<T>;
}
template <class T>
SpreadRow<T> spread_here() {
    return spread_plain<T>;
}
#endif

// ---- over the threads ----
template <class T>
at::Tensor moments_of(const at::Tensor& x) {
    const int64_t channels = x.size(3), places = x.numel() / channels, parts = (places + kPart - 1) / kPart;
    at::Tensor sums = at::zeros({parts, 2, channels}, at::kDouble);
    const T* data = x.const_data_ptr<T>();
    auto* const out = sums.data_ptr<double>();
    const Moments<T> kernel = moments_here<T>();
    device::parallel(parts, [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; p++)
            kernel(data + p * kPart * channels, data, std::min(kPart, places - p * kPart), channels,
                   out + p * 2 * channels);
    });
    return sums.sum(0);
}

template <class T>
at::Tensor gather_of(const at::Tensor& x, const ChannelAffine& affine, const Window& w) {
    const int64_t height = x.size(1), width = x.size(2), channels = x.size(3), rows = w.rows_read();
    const int64_t pitch = w.taps * channels, row_size = (width + 2) * pitch;
    at::Tensor out = at::empty({w.frames, rows, width + 2, pitch}, x.options());
    const auto source = [&](int64_t frame, int64_t tap) {
        return std::max<int64_t>(0, (w.frame + frame) * w.time + tap - (w.taps - 1));
    };
    const int64_t first = source(0, 0), count = source(w.frames - 1, w.taps - 1) - first + 1;
    // Where each source frame goes: offsets of its first row.
    std::vector<std::vector<int64_t>> places(static_cast<size_t>(count));
    for (int64_t frame = 0; frame < w.frames; frame++)
        for (int64_t tap = 0; tap < w.taps; tap++)
            places[static_cast<size_t>(source(frame, tap) - first)].push_back(frame * rows * row_size + tap * channels);
    const T* data = x.const_data_ptr<T>();
    const float* scale = affine.scale.defined() ? affine.scale.const_data_ptr<float>() : nullptr;
    const float* shift = scale ? affine.shift.const_data_ptr<float>() : nullptr;
    T* result = out.data_ptr<T>();
    const SpreadRow<T> kernel = spread_here<T>();
    device::parallel(count * rows, [&](int64_t begin, int64_t end) {
        std::vector<int64_t> here;
        for (int64_t task = begin; task < end; task++) {
            here = places[static_cast<size_t>(task / rows)];
            if (here.empty()) continue;
            const int64_t row = task % rows;
            const int64_t from = std::clamp<int64_t>(w.row * w.space - 1 + row, 0, height - 1);
            for (int64_t& place : here) place += row * row_size;
            kernel(data + ((first + task / rows) * height + from) * width * channels, scale, shift, width, channels,
                   pitch, here, result);
        }
    });
    return out;
}

}  // namespace

at::Tensor moments(const at::Tensor& x) {
    return x.scalar_type() == at::kFloat ? moments_of<float>(x) : moments_of<c10::BFloat16>(x);
}

at::Tensor gather(const at::Tensor& x, const ChannelAffine& affine, const Window& window) {
    return x.scalar_type() == at::kFloat ? gather_of<float>(x, affine, window)
                                         : gather_of<c10::BFloat16>(x, affine, window);
}

}  // namespace zt::nn::cpu
