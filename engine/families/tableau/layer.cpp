// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See layer.h.
#include "families/tableau/layer.h"

#include <algorithm>
#include <cmath>

#include "families/tableau/cubic.h"

namespace zt::tableau {
namespace {

// A picture of sums: three colours and how many pixels they are of, 0..1.
struct Level {
    int width, height;
    std::vector<float> pixels;   // [height, width, 4]
    float* at(int x, int y) { return pixels.data() + 4 * (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)); }
};

Level half_of(Level& fine) {
    Level l{(fine.width + 1) / 2, (fine.height + 1) / 2, {}};
    l.pixels.assign(4 * static_cast<size_t>(l.width) * static_cast<size_t>(l.height), 0.F);
    for (int y = 0; y < fine.height; y++)
        for (int x = 0; x < fine.width; x++) {
            const float* from = fine.at(x, y);
            float* to = l.at(x / 2, y / 2);
            for (size_t c = 0; c < 4; c++) to[c] += from[c];
        }
    // One pixel counts as much as four: what is known does not fade on the way up.
    for (size_t i = 0; i < l.pixels.size(); i += 4)
        if (const float sum = l.pixels[i + 3]; sum > 1)
            for (size_t c = 0; c < 4; c++) l.pixels[i + c] /= sum;
    return l;
}

}  // namespace

void fill_in(Texture& t, const std::vector<uint8_t>& keep) {
    std::vector<Level> levels(1, {t.width, t.height, std::vector<float>(t.pixels.size())});
    for (size_t i = 0; i < keep.size(); i++) {
        const float k = static_cast<float>(keep[i]) / 255.F;
        for (size_t c = 0; c < 3; c++) levels[0].pixels[4 * i + c] = k * t.pixels[4 * i + c];
        levels[0].pixels[4 * i + 3] = k;
    }
    while (levels.back().width > 1 || levels.back().height > 1) levels.push_back(half_of(levels.back()));
    for (size_t l = levels.size() - 1; l-- > 0;) {
        Level &fine = levels[l], &coarse = levels[l + 1];
        for (int y = 0; y < fine.height; y++)
            for (int x = 0; x < fine.width; x++) {
                float* p = fine.at(x, y);
                const float missing = 1 - std::min(p[3], 1.F);
                if (missing <= 0) continue;
                // Between the four nearest of the coarser level.
                const float u = (static_cast<float>(x) + 0.5F) / 2 - 0.5F, v = (static_cast<float>(y) + 0.5F) / 2 - 0.5F;
                const int x0 = static_cast<int>(std::floor(u)), y0 = static_cast<int>(std::floor(v));
                const float s = u - static_cast<float>(x0), w = v - static_cast<float>(y0);
                const auto near = [&](int i, int j) { return coarse.at(std::clamp(x0 + i, 0, coarse.width - 1), std::clamp(y0 + j, 0, coarse.height - 1)); };
                const float weights[4] = {(1 - s) * (1 - w), s * (1 - w), (1 - s) * w, s * w};
                const float* const four[4] = {near(0, 0), near(1, 0), near(0, 1), near(1, 1)};
                float sum[4] = {};
                for (int k = 0; k < 4; k++)
                    for (size_t c = 0; c < 4; c++) sum[c] += weights[k] * four[k][c];
                if (sum[3] <= 0) continue;
                for (size_t c = 0; c < 3; c++) p[c] += missing * sum[c] / sum[3];
                p[3] = 1;
            }
    }
    for (size_t i = 0; i < keep.size(); i++)
        for (size_t c = 0; c < 3; c++) t.pixels[4 * i + c] = levels[0].pixels[4 * i + c];
}

Layer lift(const Texture& picture, const Map& subject, bool wraps) {
    Layer l;
    l.wraps = wraps;
    l.width = picture.width, l.height = picture.height, l.behind = picture;
    const size_t count = static_cast<size_t>(l.width) * static_cast<size_t>(l.height);
    // Whatever may be his, and a little more, is not to be seen behind him.
    const Map around = spread(subject, 0.012F * static_cast<float>(std::max(subject.width, subject.height)));
    std::vector<uint8_t> keep(count);
    std::vector<float> his(count);
    for (int y = 0; y < l.height; y++)
        for (int x = 0; x < l.width; x++) {
            const float u = (static_cast<float>(x) + 0.5F) / static_cast<float>(l.width), v = (static_cast<float>(y) + 0.5F) / static_cast<float>(l.height);
            const size_t i = static_cast<size_t>(y) * static_cast<size_t>(l.width) + static_cast<size_t>(x);
            his[i] = std::clamp((subject.at(u, v) - 0.06F) / 0.88F, 0.F, 1.F);
            keep[i] = around.at(u, v) > 0.04F ? 0 : 255;
        }
    fill_in(l.behind, keep);
    l.pixels.resize(4 * count);
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < 3; c++) l.pixels[4 * i + c] = picture.pixels[4 * i + c] - (1 - his[i]) * l.behind.pixels[4 * i + c];
        l.pixels[4 * i + 3] = his[i];
    }
    return l;
}

namespace {

// Outside the layer there is nothing. Compiled for processors with wider registers too; the same sums in the same order, so the same bytes.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
__attribute__((target_clones("avx2", "default")))
#endif
void sample_layer(const Layer& l, const float* xs, const float* ys, int count, float* out) {
    for (int i = 0; i < count; i++, out += 4) {
        Four sum{};
        const float u = xs[i], v = l.wraps ? ys[i] - static_cast<float>(l.height) * std::floor(ys[i] / static_cast<float>(l.height)) : ys[i];
        if (u > -2 && v > -2 && u < static_cast<float>(l.width + 1) && v < static_cast<float>(l.height + 1)) {
            const int x = static_cast<int>(std::floor(u)), y = static_cast<int>(std::floor(v));
            const auto a = cubic_weights(u - static_cast<float>(x)), b = cubic_weights(v - static_cast<float>(y));
            for (int k = 0; k < 4; k++) {
                const int at = y - 1 + k, row = l.wraps ? (at + l.height) % l.height : at;
                if (row < 0 || row >= l.height) continue;
                for (int j = 0; j < 4; j++) {
                    const int column = x - 1 + j;
                    if (column < 0 || column >= l.width) continue;
                    Four p;
                    std::memcpy(&p, l.pixels.data() + 4 * (static_cast<size_t>(row) * static_cast<size_t>(l.width) + static_cast<size_t>(column)), sizeof p);
                    sum += b.w[k] * a.w[j] * p;
                }
            }
        }
        std::memcpy(out, &sum, sizeof sum);
    }
}

}  // namespace

void lay_rows(const Layer& l, const Net& net, float* rgb, int from, int to) {
    const size_t plane = static_cast<size_t>(l.width) * static_cast<size_t>(l.height);
    NetLine line;
    std::vector<float> four(4 * static_cast<size_t>(l.width));
    for (int y = from; y < to; y++) {
        line.read(net, y, l.width, l.height);
        sample_layer(l, line.x.data(), line.y.data(), l.width, four.data());
        for (size_t c = 0; c < 3; c++) {
            float* const out = rgb + c * plane + static_cast<size_t>(y) * static_cast<size_t>(l.width);
            for (int x = 0; x < l.width; x++) {
                const float* p = four.data() + 4 * static_cast<size_t>(x);
                out[x] = p[c] + (1 - std::clamp(p[3], 0.F, 1.F)) * out[x];
            }
        }
    }
}

}  // namespace zt::tableau
