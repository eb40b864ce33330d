// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The sampler; see warp.h.
#include "families/tableau/warp.h"

#include <algorithm>

#include "families/tableau/cubic.h"

namespace zt::tableau {
namespace {

using Eight = float __attribute__((vector_size(32)));
using EightInts = int32_t __attribute__((vector_size(32)));
using EightBytes = uint8_t __attribute__((vector_size(8)));

[[gnu::always_inline]] inline void load_two(const uint8_t* p, Eight& pixels) {
    EightBytes bytes;
    std::memcpy(&bytes, p, sizeof bytes);
    pixels = __builtin_convertvector(__builtin_convertvector(bytes, EightInts), Eight);
}

// Compiled for processors with wider registers too; the same sums in the same order, so the same bytes.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
__attribute__((target_clones("avx2", "default")))
#endif
void sample_line(const Texture& texture, const float* xs, const float* ys, int count, float* out) {
    const int w = texture.width, h = texture.height;
    const float most_x = static_cast<float>(w - 1), most_y = static_cast<float>(h - 1);
    constexpr float kUnit = 1.F / 255.F;
    for (int i = 0; i < count; i++, out += 4) {
        const float u = std::min(std::max(xs[i], 0.F), most_x), v = std::min(std::max(ys[i], 0.F), most_y);
        const int x = static_cast<int>(u), y = static_cast<int>(v);
        const CubicWeights a = cubic_weights(u - static_cast<float>(x)), b = cubic_weights(v - static_cast<float>(y));
        Four sum{};
        if (x >= 1 && x + 2 < w) {
            const Eight left = {a.w[0], a.w[0], a.w[0], a.w[0], a.w[1], a.w[1], a.w[1], a.w[1]}, right = {a.w[2], a.w[2], a.w[2], a.w[2], a.w[3], a.w[3], a.w[3], a.w[3]};
            Eight both{};
            for (int k = 0; k < 4; k++) {
                const int row = std::clamp(y - 1 + k, 0, h - 1);
                const uint8_t* p = texture.pixels.data() + (static_cast<size_t>(row) * static_cast<size_t>(w) + static_cast<size_t>(x - 1)) * 4;
                Eight first, second;
                load_two(p, first), load_two(p + 8, second);
                both += b.w[k] * (left * first + right * second);
            }
            sum = Four{both[0] + both[4], both[1] + both[5], both[2] + both[6], 0};
        } else {
            for (int k = 0; k < 4; k++)
                for (int j = 0; j < 4; j++) {
                    const uint8_t* p = texture.pixels.data() + (static_cast<size_t>(std::clamp(y - 1 + k, 0, h - 1)) * static_cast<size_t>(w) + static_cast<size_t>(std::clamp(x - 1 + j, 0, w - 1))) * 4;
                    sum += b.w[k] * a.w[j] * Four{static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2]), 0};
                }
        }
        sum *= kUnit;
        std::memcpy(out, &sum, sizeof sum);
    }
}

void write_line(const std::vector<float>& four, float* rgb, size_t plane, int width) {
    for (size_t c = 0; c < 3; c++) {
        float* const out = rgb + c * plane;
        for (int x = 0; x < width; x++) out[x] = four[4 * static_cast<size_t>(x) + c];
    }
}

}  // namespace

void warp_rows(const Texture& texture, const Net& net, float* rgb, int from, int to) {
    const int w = texture.width, h = texture.height;
    const size_t plane = static_cast<size_t>(w) * static_cast<size_t>(h);
    NetLine line;
    std::vector<float> four(4 * static_cast<size_t>(w));
    for (int y = from; y < to; y++) {
        line.read(net, y, w, h);
        sample_line(texture, line.x.data(), line.y.data(), w, four.data());
        write_line(four, rgb + static_cast<size_t>(y) * static_cast<size_t>(w), plane, w);
    }
}

void warp_rows(const Texture& texture, const Net& first, const Net& second, const std::vector<float>& weight, float* rgb, int from, int to) {
    const int w = texture.width, h = texture.height;
    const size_t plane = static_cast<size_t>(w) * static_cast<size_t>(h);
    NetLine line;
    std::vector<float> a(4 * static_cast<size_t>(w)), b(a.size()), share;
    for (int y = from; y < to; y++) {
        line.read(first, y, w, h);
        sample_line(texture, line.x.data(), line.y.data(), w, a.data());
        interpolate(weight, first, y, w, h, share);
        if (*std::max_element(share.begin(), share.end()) > 0) {
            line.read(second, y, w, h);
            sample_line(texture, line.x.data(), line.y.data(), w, b.data());
            for (size_t x = 0; x < static_cast<size_t>(w); x++)
                for (size_t c = 0; c < 3; c++) a[4 * x + c] += (b[4 * x + c] - a[4 * x + c]) * share[x];
        }
        write_line(a, rgb + static_cast<size_t>(y) * static_cast<size_t>(w), plane, w);
    }
}

}  // namespace zt::tableau
