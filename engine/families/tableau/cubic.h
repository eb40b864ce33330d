// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the samplers share: the cubic filter and places along a row of a frame. For warp.cpp and layer.cpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "families/tableau/warp.h"

namespace zt::tableau {

using Four = float __attribute__((vector_size(16)));

// Keys' cubic convolution with a = -1/2 (1981), which is the spline of Catmull and Rom: it passes through the pixels.
// Of a number, or of a tensor of them.
template <class T>
struct CubicWeights {
    T w[4];
};
template <class T>
[[gnu::always_inline]] inline CubicWeights<T> cubic_weights(const T& t) {
    return {{t * (-0.5F + t * (1 - 0.5F * t)), 1 + t * t * (-2.5F + 1.5F * t), t * (0.5F + t * (2 - 1.5F * t)),
             t * t * (-0.5F + 0.5F * t)}};
}

// The weights for places to 1/256 of a pixel: a whole place has 0, 1, 0, 0. Sideways each weight stands once for each
// of a pixel's four values, two pixels at a time.
inline constexpr int kSteps = 256;
struct CubicTable {
    alignas(32) float sideways[kSteps][16];
    float down[kSteps][4];
    CubicTable() {
        for (int i = 0; i < kSteps; i++) {
            const auto weights = cubic_weights(static_cast<float>(i) / kSteps);
            for (size_t k = 0; k < 16; k++) sideways[i][k] = weights.w[k / 4];
            std::copy_n(weights.w, 4, down[i]);
        }
    }
};
inline const CubicTable& cubic_table() {
    static const CubicTable table;
    return table;
}

// A place from 0 to `most`, where what lies outside is mirrored.
[[gnu::always_inline]] inline float mirrored(float at, float most) {
    if (at >= 0 && at <= most) return at;
    if (most <= 0) return 0;
    const float round = 2 * most, in = at - round * std::floor(at / round);
    return std::min(std::max(0.F, most - std::abs(in - most)), most);  // 0 for what is no number
}

// Values along row y of a frame, of values at the corners of a net's cells.
inline void interpolate(const std::vector<float>& values, const Net& net, int y, int width, int height,
                        std::vector<float>& line) {
    const float at = (static_cast<float>(y) + 0.5F) * static_cast<float>(net.rows) / static_cast<float>(height);
    const int row = std::min(static_cast<int>(at), net.rows - 1);
    const float t = at - static_cast<float>(row);
    line.resize(static_cast<size_t>(width));
    const float *upper = values.data() + static_cast<size_t>(row) * static_cast<size_t>(net.columns + 1),
                *lower = upper + net.columns + 1;
    const float cell = static_cast<float>(width) / static_cast<float>(net.columns);
    for (int c = 0; c < net.columns; c++) {
        const int from = static_cast<int>(std::ceil(static_cast<float>(c) * cell - 0.5F)),
                  to = std::min(width, static_cast<int>(std::ceil(static_cast<float>(c + 1) * cell - 0.5F)));
        const float left = upper[c] + (lower[c] - upper[c]) * t,
                    right = upper[c + 1] + (lower[c + 1] - upper[c + 1]) * t;
        const float step = (right - left) / cell, begin = left + (0.5F - static_cast<float>(c) * cell) * step;
        for (int x = std::max(0, from); x < to; x++)
            line[static_cast<size_t>(x)] = begin + static_cast<float>(x) * step;
    }
}

struct NetLine {
    std::vector<float> x, y;
    void read(const Net& net, int row, int width, int height) {
        interpolate(net.x, net, row, width, height, x);
        interpolate(net.y, net, row, width, height, y);
    }
};

}  // namespace zt::tableau
