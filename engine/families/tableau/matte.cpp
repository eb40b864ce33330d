// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See matte.h.
#include "families/tableau/matte.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "families/tableau/channel.h"

namespace zt::tableau {
namespace {

constexpr int kSide = 480;        // the functions are fitted on so much along the longer side
constexpr float kReach = 0.02F;   // of the longer side: how far the edge may be from the map's
constexpr float kSpill = 0.002F;  // of the longer side
constexpr float
    kLow = 0.08F,
    kHigh = 0.68F;  // of what the function tells, taken for none and all: rather too much than something of him left
constexpr float kAlike = 2e-4F;  // variance of the colours below which they do not tell

Map resized(const Map& map, int w, int h) {
    Map out(w, h);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            out.row(y)[x] = map.at((static_cast<float>(x) + 0.5F) / static_cast<float>(w),
                                   (static_cast<float>(y) + 0.5F) / static_cast<float>(h));
    return out;
}

Map product(const Map& a, const Map& b) {
    Map out = a;
    for (size_t i = 0; i < out.values.size(); i++) out.values[i] *= b.values[i];
    return out;
}

// The matte as a linear function of the three colours and a constant, one for every place.
std::array<Map, 4> fitted(const std::array<Map, 3>& colour, const Map& subject, int radius) {
    std::array<Map, 3> mean, with;
    std::array<Map, 6> both;
    constexpr std::array<std::array<size_t, 2>, 6> kPairs{{{0, 0}, {0, 1}, {0, 2}, {1, 1}, {1, 2}, {2, 2}}};
    const Map of = blurred(subject, radius);
    for (size_t c = 0; c < 3; c++)
        mean[c] = blurred(colour[c], radius), with[c] = blurred(product(colour[c], subject), radius);
    for (size_t k = 0; k < 6; k++) both[k] = blurred(product(colour[kPairs[k][0]], colour[kPairs[k][1]]), radius);
    std::array<Map, 4> f;
    f.fill(of);
    for (size_t i = 0; i < of.values.size(); i++) {
        // a = (covariance of the colours + kAlike)^-1 (covariance of the colours with the map), by Cramer's rule in
        // doubles.
        std::array<double, 6> s{};
        for (size_t k = 0; k < 6; k++)
            s[k] = double{both[k].values[i]} - double{mean[kPairs[k][0]].values[i]} * mean[kPairs[k][1]].values[i];
        s[0] += kAlike, s[3] += kAlike, s[5] += kAlike;
        std::array<double, 3> v{}, a{};
        for (size_t c = 0; c < 3; c++) v[c] = double{with[c].values[i]} - double{mean[c].values[i]} * of.values[i];
        const double p = s[3] * s[5] - s[4] * s[4], q = s[1] * s[5] - s[2] * s[4], r = s[1] * s[4] - s[2] * s[3];
        const double determinant = s[0] * p - s[1] * q + s[2] * r;
        a[0] = (v[0] * p - v[1] * q + v[2] * r) / determinant;
        a[1] = (-v[0] * q + v[1] * (s[0] * s[5] - s[2] * s[2]) - v[2] * (s[0] * s[4] - s[1] * s[2])) / determinant;
        a[2] = (v[0] * r - v[1] * (s[0] * s[4] - s[1] * s[2]) + v[2] * (s[0] * s[3] - s[1] * s[1])) / determinant;
        double rest = of.values[i];
        for (size_t c = 0; c < 3; c++) f[c].values[i] = static_cast<float>(a[c]), rest -= a[c] * mean[c].values[i];
        f[3].values[i] = static_cast<float>(rest);
    }
    for (Map& m : f) m = blurred(m, radius);
    return f;
}

}  // namespace

std::vector<float> matte_of(const Texture& picture, const Map& subject) {
    const auto [w, h] = small_size(picture, kSide);
    std::array<Map, 3> colour;
    for (size_t c = 0; c < 3; c++) colour[c] = channel_of(picture, c, w, h);
    const Map rough = resized(subject, w, h);
    const float reach = kReach * static_cast<float>(std::max(w, h));
    const std::array<Map, 4> f = fitted(colour, rough, std::max(1, static_cast<int>(std::lround(2 * reach))));
    // Farther than that from the map's edge, the map is right.
    const Map most = spread(rough, reach / 2);
    Map inverse = rough;
    for (float& v : inverse.values) v = 1 - v;
    const Map not_his = spread(inverse, reach / 2);
    Map out(picture.width, picture.height);
    for (int y = 0; y < picture.height; y++)
        for (int x = 0; x < picture.width; x++) {
            const float u = (static_cast<float>(x) + 0.5F) / static_cast<float>(picture.width),
                        v = (static_cast<float>(y) + 0.5F) / static_cast<float>(picture.height);
            const size_t i = static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x);
            const float high = most.at(u, v), low = 1 - not_his.at(u, v);
            if (high < 0.004F || low > 0.996F) {
                out.values[i] = high < 0.004F ? 0.F : 1.F;
                continue;
            }
            const float* p = picture.pixels.data() + 4 * i;
            const float told = f[0].at(u, v) * p[0] + f[1].at(u, v) * p[1] + f[2].at(u, v) * p[2] + f[3].at(u, v);
            out.values[i] = std::max(low, std::min(high, std::clamp((told - kLow) / (kHigh - kLow), 0.F, 1.F)));
        }
    // Light and sharpening spill over an edge, so a little of the ground along it is taken too.
    const int small_w = std::min(picture.width, 2 * w), small_h = std::min(picture.height, 2 * h);
    const Map grown = spread(means_of<float>(picture.width, picture.height, small_w, small_h, 1.F,
                                             [&](int x, int y) { return out.row(y)[x]; }),
                             kSpill * static_cast<float>(std::max(small_w, small_h)));
    for (int y = 0; y < picture.height; y++)
        for (int x = 0; x < picture.width; x++) {
            float& a = out.row(y)[x];
            if (a < 1)
                a = std::clamp(
                    std::max(a, grown.at((static_cast<float>(x) + 0.5F) / static_cast<float>(picture.width),
                                         (static_cast<float>(y) + 0.5F) / static_cast<float>(picture.height))),
                    0.F, 1.F);
        }
    return std::move(out.values);
}

}  // namespace zt::tableau
