// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See alias_free.h. A filter of 12 taps at twice the rate is one of 6 taps for the samples at even places and another
// for those at odd ones, so that nothing is multiplied by the zeros in between, and both run along memory.
#include "nn/alias_free.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>

#include "nn/row_loops.h"

namespace zt::nn {
namespace {

constexpr int64_t kTaps = 12, kHalf = kTaps / 2;
constexpr int64_t kPiece = 2048;            // samples of one channel at a time: all buffers stay in the first cache
constexpr int64_t kBefore = 6, kAfter = 6;  // what a sample needs of its neighbours, both filters together
constexpr int64_t kRoom = kPiece + kBefore + kAfter;

// What of z is left within half of pi when whole multiples are taken away. `large`: the rest is taken in double, so
// that it stays exact for any size of z that has a fraction left. Else z is below kLarge, and pi is three numbers of
// which the first two have so few bits that their multiples are exact.
constexpr float kLarge = 8000;
constexpr float kGain = 4;  // more than what the filter makes of the largest number
template <bool large>
[[gnu::always_inline]] inline float rest_of_pi(float z) {
    if constexpr (large) {
        constexpr double kShift = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to a whole number
        const double n = (static_cast<double>(z) * std::numbers::inv_pi + kShift) - kShift;
        return static_cast<float>(static_cast<double>(z) - n * std::numbers::pi);
    }
    constexpr float kShift = 12582912.0F;  // 1.5 * 2^23
    const float n = (z * std::numbers::inv_pi_v<float> + kShift) - kShift;
    return ((z - n * 3.140625F) - n * 9.67502593994140625E-4F) - n * 1.509957990978376432E-7F;
}

// sin(z)^2, which repeats every pi: of the rest the Taylor polynomial up to the 13th power is exact in fp32.
template <bool large>
[[gnu::always_inline]] inline float sine_squared(float z) {
    const float r = rest_of_pi<large>(z);
    const float q = r * r;
    float p = 1.6059044e-10F;
    p = p * q - 2.5052108e-8F;
    p = p * q + 2.7557319e-6F;
    p = p * q - 1.9841270e-4F;
    p = p * q + 8.3333333e-3F;
    p = p * q - 1.6666667e-1F;
    const float s = r + r * q * p;
    return s * s;
}

// A piece is samples [begin, end) of one channel of one signal.
struct Snake {
    const float* x;
    float* out;
    const float *frequency, *magnitude;
    std::array<float, kTaps> filter;
    int64_t channels, samples, pieces;

    // The signal at twice the rate, and its activation: of places [3, all - 3) of the buffers, of which place j is
    // sample begin - kBefore + j.
    template <bool large>
    [[gnu::always_inline]] inline void doubled(const float* near, float* even, float* odd, float f, float m,
                                               int64_t all) const {
        for (int64_t j = 3; j < all - 3; j++) {
            float a = 0, b = 0;
            for (int64_t k = 0; k < kHalf; k++) {
                a += filter[static_cast<size_t>(2 * k + 1)] * near[j + 2 - k];
                b += filter[static_cast<size_t>(2 * k)] * near[j + 3 - k];
            }
            a *= 2, b *= 2;
            even[j] = a + sine_squared<large>(f * a) * m;
            odd[j] = b + sine_squared<large>(f * b) * m;
        }
    }
    [[gnu::always_inline]] inline void piece(const float* from, float* to, float f, float m, int64_t begin,
                                             int64_t end) const {
        float copy[kRoom], even[kRoom], odd[kRoom];
        const int64_t count = end - begin, all = count + kBefore + kAfter;
        const float* near = from + begin - kBefore;
        if (begin < kBefore || end + kAfter > samples) {
            const int64_t left = std::min(std::max<int64_t>(kBefore - begin, 0), all);
            const int64_t right = std::clamp(samples - begin + kBefore, left, all);  // of places with a sample
            std::fill_n(copy, left, from[0]);
            std::copy(from + begin - kBefore + left, from + begin - kBefore + right, copy + left);
            std::fill(copy + right, copy + all, from[samples - 1]);
            near = copy;
        }
        uint32_t largest = 0;  // as bits, without the sign; a NaN's are the largest
        for (int64_t j = 0; j < all; j++) largest = std::max(largest, std::bit_cast<uint32_t>(near[j]) & 0x7FFFFFFFU);
        if (std::bit_cast<float>(largest) * std::abs(f) * kGain < kLarge)
            doubled<false>(near, even, odd, f, m, all);
        else
            doubled<true>(near, even, odd, f, m, all);
        // Beyond the signal's ends the doubled signal keeps its first and its last value.
        for (int64_t j = 3; j < kBefore && begin == 0; j++) even[j] = odd[j] = even[kBefore];
        const int64_t last = kBefore + samples - 1 - begin;  // may lie just behind the piece
        for (int64_t j = last + 1; j < all - 3; j++) even[j] = odd[j] = odd[last];
        for (int64_t j = kBefore; j < kBefore + count; j++) {
            float sum = 0;
            for (int64_t k = 0; k < kHalf; k++)
                sum += filter[static_cast<size_t>(2 * k)] * odd[j + k - 3] +
                       filter[static_cast<size_t>(2 * k + 1)] * even[j + k - 2];
            to[begin + j - kBefore] = sum;
        }
    }
    [[gnu::always_inline]] inline void rows(int64_t first, int64_t last) const {
        for (int64_t i = first; i < last; i++) {
            const int64_t row = i / pieces, channel = row % channels, begin = i % pieces * kPiece;
            piece(x + row * samples, out + row * samples, frequency[channel], magnitude[channel], begin,
                  std::min(begin + kPiece, samples));
        }
    }
};

}  // namespace

at::Tensor kaiser_sinc() {
    // Kaiser's formulas: stop band attenuation from transition and taps, beta from it (above 50 dB).
    constexpr double kTransition = 4 * 0.3, kCutoff = 0.25;
    constexpr double kAttenuation = 2.285 * (kHalf - 1) * std::numbers::pi * kTransition + 7.95;
    static_assert(kAttenuation > 50.0);
    const at::Tensor window = at::kaiser_window(kTaps, /*periodic=*/false, 0.1102 * (kAttenuation - 8.7), at::kFloat);
    const at::Tensor time = at::arange(-kHalf, kHalf, at::kFloat) + 0.5;
    const at::Tensor taps = 2 * kCutoff * window * at::sinc(2 * kCutoff * time);
    return taps / taps.sum();
}

at::Tensor alias_free_snake(const at::Tensor& x, const at::Tensor& frequency, const at::Tensor& magnitude,
                            const at::Tensor& filter) {
    if (!x.is_cpu() || x.scalar_type() != at::kFloat || !x.is_contiguous() || x.numel() == 0)
        return plain::alias_free_snake(x, frequency, magnitude, filter);
    const at::Tensor out = at::empty_like(x), f = floats(frequency), m = floats(magnitude), taps = floats(filter);
    Snake loop{data<float>(x), data<float>(out), data<float>(f), data<float>(m), {}, x.size(1), x.size(2), 0};
    std::copy_n(data<float>(taps), kTaps, loop.filter.begin());
    loop.pieces = (loop.samples + kPiece - 1) / kPiece;
    run(loop, x.size(0) * x.size(1) * loop.pieces);
    return out;
}

namespace plain {

at::Tensor alias_free_snake(const at::Tensor& x, const at::Tensor& frequency, const at::Tensor& magnitude,
                            const at::Tensor& filter) {
    const int64_t channels = x.size(1);
    const at::Tensor taps = filter.view({1, 1, -1}).expand({channels, 1, kTaps});
    constexpr int64_t kPad = 5, kCut = 15;
    at::Tensor v = at::replication_pad1d(x, {kPad, kPad});
    v = 2.0 * at::conv_transpose1d(v, taps, {}, 2, 0, 0, channels);
    v = v.narrow(2, kCut, 2 * x.size(2));
    v = v + magnitude.view({1, -1, 1}) * at::sin(frequency.view({1, -1, 1}) * v).square();
    return at::conv1d(at::replication_pad1d(v, {kPad, kPad + 1}), taps, {}, 2, at::IntArrayRef{0}, 1, channels);
}

}  // namespace plain

}  // namespace zt::nn
