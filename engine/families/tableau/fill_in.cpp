// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The smooth fill; see inpaint.h.
#include <algorithm>
#include <cmath>

#include "families/tableau/inpaint.h"

namespace zt::tableau {
namespace {

// A picture of sums: three colours and how many pixels they are of, 0..1.
struct Sums {
    int width, height;
    std::vector<float> pixels;  // [height, width, 4]
    float* at(int x, int y) {
        return pixels.data() + 4 * (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x));
    }
};

Sums half_of(Sums& fine) {
    Sums l{(fine.width + 1) / 2, (fine.height + 1) / 2, {}};
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
    std::vector<Sums> levels(1, {t.width, t.height, std::vector<float>(t.pixels.size())});
    for (size_t i = 0; i < keep.size(); i++) {
        const float k = static_cast<float>(keep[i]) / 255.F;
        for (size_t c = 0; c < 3; c++) levels[0].pixels[4 * i + c] = k * t.pixels[4 * i + c];
        levels[0].pixels[4 * i + 3] = k;
    }
    while (levels.back().width > 1 || levels.back().height > 1) levels.push_back(half_of(levels.back()));
    for (size_t l = levels.size() - 1; l-- > 0;) {
        Sums &fine = levels[l], &coarse = levels[l + 1];
        for (int y = 0; y < fine.height; y++)
            for (int x = 0; x < fine.width; x++) {
                float* p = fine.at(x, y);
                const float missing = 1 - std::min(p[3], 1.F);
                if (missing <= 0) continue;
                // Between the four nearest of the coarser level.
                const float u = (static_cast<float>(x) + 0.5F) / 2 - 0.5F,
                            v = (static_cast<float>(y) + 0.5F) / 2 - 0.5F;
                const int x0 = static_cast<int>(std::floor(u)), y0 = static_cast<int>(std::floor(v));
                const float s = u - static_cast<float>(x0), w = v - static_cast<float>(y0);
                const auto near = [&](int i, int j) {
                    return coarse.at(std::clamp(x0 + i, 0, coarse.width - 1), std::clamp(y0 + j, 0, coarse.height - 1));
                };
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

}  // namespace zt::tableau
