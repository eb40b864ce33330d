// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The sampler; see warp.h.
#include "families/tableau/warp.h"

#include <algorithm>

#include "families/tableau/cubic.h"

namespace zt::tableau {
namespace {

using Eight = float __attribute__((vector_size(32)));
// Compiled for processors with wider registers too; the same sums in the same order, so the same bytes.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
__attribute__((target_clones("avx2", "default")))
#endif
void sample_line(const Texture& texture, const float* xs, const float* ys, int count, float* out) {
    const CubicTable& table = cubic_table();
    const int w = texture.width, h = texture.height;
    const size_t stride = static_cast<size_t>(w) * 4;
    const float most_x = static_cast<float>(w - 1), most_y = static_cast<float>(h - 1);
    for (int i = 0; i < count; i++, out += 4) {
        const float u = mirrored(xs[i], most_x), v = mirrored(ys[i], most_y);
        const int at_x = static_cast<int>(u * kSteps + 0.5F), at_y = static_cast<int>(v * kSteps + 0.5F);
        const int x = at_x / kSteps, y = at_y / kSteps, step_x = at_x % kSteps, step_y = at_y % kSteps;
        Four sum{};
        if ((step_x | step_y) == 0) {  // a whole place: the pixel itself
            std::memcpy(&sum, texture.pixels.data() + static_cast<size_t>(y) * stride + static_cast<size_t>(x) * 4,
                        sizeof sum);
        } else if (x >= 1 && x + 2 < w && y >= 1 && y + 2 < h) {
            Eight left, right, both{};
            std::memcpy(&left, table.sideways[step_x], sizeof left),
                std::memcpy(&right, table.sideways[step_x] + 8, sizeof right);
            const float* p =
                texture.pixels.data() + static_cast<size_t>(y - 1) * stride + static_cast<size_t>(x - 1) * 4;
            for (int k = 0; k < 4; k++, p += stride) {
                Eight first, second;
                std::memcpy(&first, p, sizeof first), std::memcpy(&second, p + 8, sizeof second);
                both += table.down[step_y][k] * (left * first + right * second);
            }
            Four low, high;
            std::memcpy(&low, &both, sizeof low),
                std::memcpy(&high, reinterpret_cast<const char*>(&both) + sizeof low, sizeof high);
            sum = low + high;
        } else {
            for (int k = 0; k < 4; k++)
                for (int j = 0; j < 4; j++) {
                    Four p;
                    std::memcpy(&p,
                                texture.pixels.data() + static_cast<size_t>(std::clamp(y - 1 + k, 0, h - 1)) * stride +
                                    static_cast<size_t>(std::clamp(x - 1 + j, 0, w - 1)) * 4,
                                sizeof p);
                    sum += table.down[step_y][k] * table.down[step_x][j] * p;
                }
        }
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

void warp_rows(const Texture& texture, const Net& first, const Net& second, const std::vector<float>& weight,
               float* rgb, int from, int to) {
    const int w = texture.width, h = texture.height;
    const size_t plane = static_cast<size_t>(w) * static_cast<size_t>(h);
    NetLine line;
    std::vector<float> a(4 * static_cast<size_t>(w)), b(a.size()), share;
    for (int y = from; y < to; y++) {
        line.read(first, y, w, h);
        sample_line(texture, line.x.data(), line.y.data(), w, a.data());
        interpolate(weight, first, y, w, h, share);
        const auto shows = [](float s) { return s > 0; };
        const auto begin = static_cast<size_t>(std::find_if(share.begin(), share.end(), shows) - share.begin());
        const auto end = static_cast<size_t>(share.rend() - std::find_if(share.rbegin(), share.rend(), shows));
        if (begin < end) {
            line.read(second, y, w, h);
            sample_line(texture, line.x.data() + begin, line.y.data() + begin, static_cast<int>(end - begin), b.data());
            for (size_t x = begin; x < end; x++)
                for (size_t c = 0; c < 3; c++) a[4 * x + c] += (b[4 * (x - begin) + c] - a[4 * x + c]) * share[x];
        }
        write_line(a, rgb + static_cast<size_t>(y) * static_cast<size_t>(w), plane, w);
    }
}

}  // namespace zt::tableau
