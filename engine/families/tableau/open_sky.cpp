// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See open_sky.h.
#include "families/tableau/open_sky.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "families/tableau/channel.h"
#include "families/tableau/pieces.h"

namespace zt::tableau {
namespace {

constexpr float kSurely = 0.45F;  // of the guess's 1
constexpr float kThick = 0.015F;  // of the picture's height: wires and poles are thinner
constexpr double kSpread = 2,
                 kAlike = 0.06;  // standard deviations and, of full scale, a little more that a colour may differ

}  // namespace

Map open_sky(const Texture& picture, const Map& sky) {
    const int w = sky.width, h = sky.height;
    std::array<Map, 3> colour;
    for (size_t c = 0; c < 3; c++) colour[c] = channel_of(picture, c, w, h);
    std::vector<int> number;
    const std::vector<size_t> sizes = pieces(w, h, number, [&](size_t i) { return sky.values[i] > kSurely; });
    const size_t least = *std::max_element(sizes.begin(), sizes.end()) / 10;
    const auto is_sky = [&](size_t i) { return number[i] != 0 && sizes[static_cast<size_t>(number[i])] > least; };
    // First down to the first thing that stands in each column.
    Map out(w, h);
    std::vector<int> ends(static_cast<size_t>(w), h);
    const int thick = std::max(2, static_cast<int>(kThick * static_cast<float>(h)));
    std::array<double, 3> sum{}, squares{};
    double count = 0;
    for (int x = 0; x < w; x++)
        for (int y = 0, other = 0; y < h; y++) {
            const auto i = static_cast<size_t>(y * w + x);
            other = is_sky(i) ? 0 : other + 1;
            if (other >= thick && y > other) {  // not from the upper edge on: there a crown may hang into the picture
                ends[static_cast<size_t>(x)] = y;
                break;
            }
            if (other > 0) continue;
            out.values[i] = 1, count++;
            for (size_t c = 0; c < 3; c++)
                sum[c] += colour[c].values[i], squares[c] += double{colour[c].values[i]} * colour[c].values[i];
        }
    if (count == 0) return out;
    std::array<double, 3> mean{}, most{};
    for (size_t c = 0; c < 3; c++) {
        mean[c] = sum[c] / count;
        most[c] = kSpread * std::sqrt(std::max(0.0, squares[c] / count - mean[c] * mean[c])) + kAlike;
    }
    for (int x = 0; x < w; x++)
        for (int y = ends[static_cast<size_t>(x)]; y < h; y++) {
            const auto i = static_cast<size_t>(y * w + x);
            bool alike = is_sky(i);
            for (size_t c = 0; c < 3 && alike; c++) alike = std::abs(colour[c].values[i] - mean[c]) < most[c];
            if (alike) out.values[i] = 1;
        }
    return out;
}

}  // namespace zt::tableau
