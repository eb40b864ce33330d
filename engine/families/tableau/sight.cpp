// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Maps and what is read off them; see sight.h.
#include "families/tableau/sight.h"

#include <algorithm>
#include <cmath>

namespace zt::tableau {
namespace {

float bump(float distance) { return distance >= 1 ? 0.F : (1 - distance * distance) * (1 - distance * distance); }

// One row of a running mean; `line` is a copy of it.
void mean_line(const float* line, float* out, int n, int stride, int radius) {
    const auto at = [&](int i) { return line[std::clamp(i, 0, n - 1)]; };
    float sum = 0;
    for (int i = -radius; i <= radius; i++) sum += at(i);
    const float share = 1.F / static_cast<float>(2 * radius + 1);
    for (int i = 0; i < n; i++) {
        out[static_cast<size_t>(i) * static_cast<size_t>(stride)] = sum * share;
        sum += at(i + radius + 1) - at(i - radius);
    }
}

// The largest within `radius` on each side.
void most_line(const float* line, float* out, int n, int stride, int radius) {
    for (int i = 0; i < n; i++) {
        float most = 0;
        for (int k = std::max(0, i - radius); k <= std::min(n - 1, i + radius); k++) most = std::max(most, line[k]);
        out[static_cast<size_t>(i) * static_cast<size_t>(stride)] = most;
    }
}

template <class Line>
void along_both(Map& map, int radius, Line line) {
    std::vector<float> copy(static_cast<size_t>(std::max(map.width, map.height)));
    for (int y = 0; y < map.height; y++) {
        std::copy_n(map.row(y), map.width, copy.begin());
        line(copy.data(), map.row(y), map.width, 1, radius);
    }
    for (int x = 0; x < map.width; x++) {
        for (int y = 0; y < map.height; y++) copy[static_cast<size_t>(y)] = map.row(y)[x];
        line(copy.data(), map.values.data() + x, map.height, map.width, radius);
    }
}

}  // namespace

float Map::at(float x, float y) const {
    const float u = std::clamp(x * static_cast<float>(width) - 0.5F, 0.F, static_cast<float>(width - 1));
    const float v = std::clamp(y * static_cast<float>(height) - 0.5F, 0.F, static_cast<float>(height - 1));
    const int x0 = static_cast<int>(u), y0 = static_cast<int>(v), x1 = std::min(x0 + 1, width - 1),
              y1 = std::min(y0 + 1, height - 1);
    const float s = u - static_cast<float>(x0), t = v - static_cast<float>(y0);
    const float *a = row(y0), *b = row(y1);
    const float upper = a[x0] + (a[x1] - a[x0]) * s, lower = b[x0] + (b[x1] - b[x0]) * s;
    return upper + (lower - upper) * t;
}

float Map::mean() const {
    double sum = 0;
    for (const float v : values) sum += v;
    return values.empty() ? 0.F : static_cast<float>(sum / static_cast<double>(values.size()));
}

Map map_of(const std::vector<uint8_t>& values, int width, int height, const Map& like) {
    return means_of<int64_t>(width, height, like.width, like.height, 255.F, [&](int x, int y) {
        return values[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)];
    });
}

Sight expect(int width, int height) {
    const float scale = static_cast<float>(kSightSide) / static_cast<float>(std::max(width, height));
    const int w = std::max(8, static_cast<int>(std::lround(static_cast<float>(width) * scale))),
              h = std::max(8, static_cast<int>(std::lround(static_cast<float>(height) * scale)));
    Sight s;
    s.subject = s.depth = s.sky = s.water = s.foliage = Map(w, h);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const float px = (static_cast<float>(x) + 0.5F) / static_cast<float>(w),
                        py = (static_cast<float>(y) + 0.5F) / static_cast<float>(h);
            s.subject.row(y)[x] = bump(std::hypot((px - 0.5F) / 0.5F, (py - 0.55F) / 0.6F));
            s.depth.row(y)[x] = py * py;
        }
    return s;
}

Body body_of(const Map& subject, bool exact) {
    constexpr float kIn = 0.5F;
    Body b;
    const int w = subject.width, h = subject.height;
    std::vector<float> columns(static_cast<size_t>(w)), rows(static_cast<size_t>(h));
    float sum = 0;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            if (subject.row(y)[x] > kIn) columns[static_cast<size_t>(x)]++, rows[static_cast<size_t>(y)]++, sum++;
    b.area = sum / static_cast<float>(w * h);
    if (sum < 4) return b;
    // Without the outermost hundredth on each side: specks are no feet.
    const auto ends = [&](const std::vector<float>& counts, float& low, float& high) {
        float seen = 0;
        const auto n = static_cast<float>(counts.size());
        bool begun = false;
        for (size_t i = 0; i < counts.size(); i++) {
            seen += counts[i];
            if (!begun && seen > 0.01F * sum) low = static_cast<float>(i) / n, begun = true;
            if (seen <= 0.99F * sum) high = static_cast<float>(i + 2) / n;
        }
        high = std::min(high, 1.F);
    };
    ends(columns, b.left, b.right);
    ends(rows, b.top, b.bottom);
    const auto share_of_row = [&](int y) { return rows[static_cast<size_t>(y)] / static_cast<float>(w); };
    const auto share_of_column = [&](int x) { return columns[static_cast<size_t>(x)] / static_cast<float>(h); };
    const auto most = [](int n, int from, int to, const auto& share) {
        float m = 0;
        for (int i = std::max(0, from); i < std::min(n, to); i++) m = std::max(m, share(i));
        return m;
    };
    const int rim_h = exact ? 1 : 1 + h / 10,
              rim_w = exact ? 1 : 1 + w / 32;  // of somebody cut off below often the last tenth is missed
    b.cut_below = most(h, h - rim_h, h, share_of_row) > 0.04F;
    b.cut_beside = std::max(most(w, 0, rim_w, share_of_column), most(w, w - rim_w, w, share_of_column)) > 0.05F;
    const float cx = (b.left + b.right) / 2, cy = (b.top + b.bottom) / 2, rx = std::max(1e-3F, (b.right - b.left) / 2),
                ry = std::max(1e-3F, (b.bottom - b.top) / 2);
    float both = 0, either = 0;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const bool in = subject.row(y)[x] > kIn;
            const bool ellipse = std::hypot(((static_cast<float>(x) + 0.5F) / static_cast<float>(w) - cx) / rx,
                                            ((static_cast<float>(y) + 0.5F) / static_cast<float>(h) - cy) / ry) < 1;
            both += in && ellipse ? 1.F : 0.F, either += in || ellipse ? 1.F : 0.F;
        }
    b.round = either > 0 ? both / either : 0.F;
    return b;
}

Map blurred(const Map& map, int radius) {
    Map out = map;
    if (radius > 0)
        for (int i = 0; i < 3; i++) along_both(out, radius, mean_line);
    return out;
}

Map spread(const Map& map, float radius) {
    Map out = map;
    const int r = std::max(1, static_cast<int>(std::lround(radius)));
    along_both(out, r, most_line);
    return blurred(out, std::max(1, r / 2));
}

}  // namespace zt::tableau
