// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shapes as signed distance functions with soft edges, and their colours. layers.h paints them in three styles.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "world/attributes.h"

namespace zt::world {

// Width of an edge's ramp in pixels. Softer than need be, so that a small network can reconstruct its
// position exactly.
inline constexpr float kSoftness = 1.8f;

struct Rgb {
    float r = 0, g = 0, b = 0;
};

[[nodiscard]] inline Rgb operator*(Rgb a, float k) { return {a.r * k, a.g * k, a.b * k}; }
[[nodiscard]] inline Rgb mix(Rgb a, Rgb b, float t) {
    return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}
[[nodiscard]] inline Rgb rgb8(int r, int g, int b) {
    return {static_cast<float>(r) / 255.f, static_cast<float>(g) / 255.f, static_cast<float>(b) / 255.f};
}

// A colour that may depend on the subject's: fixed + main * colour of the subject. Linear, so one
// painted sprite serves all colours.
struct Ink {
    Rgb fixed;
    float main = 0;
    Ink() = default;
    Ink(Rgb c) : fixed(c) {}  // NOLINT: a plain colour is an ink
    Ink(Rgb c, float m) : fixed(c), main(m) {}
};
[[nodiscard]] inline Ink mix(Ink a, Ink b, float t) {
    return {mix(a.fixed, b.fixed, t), a.main + (b.main - a.main) * t};
}

struct Point {
    float x = 0, y = 0;
};

// Ellipse (points[0] centre, radii), capsule chain or filled polygon, each grown by `round` pixels.
struct Shape {
    enum Kind { kEllipse, kLine, kPolygon } kind = kEllipse;
    std::vector<Point> points;
    float rx = 0, ry = 0, angle = 0, round = 0;
    Ink colour;
    bool lifted = false;  // a sheet of its own: casts a soft shadow on what is behind (paper)
    float opacity = 1;    // of fill and line
    float gone_at = 0;    // the y at which a shape that begins at y = 0 has faded to nothing; 0: it does not fade
};

[[nodiscard]] Shape ellipse(float x, float y, float rx, float ry, Ink c, float angle = 0);
[[nodiscard]] Shape line(std::vector<Point> points, float radius, Ink c);
[[nodiscard]] Shape polygon(std::vector<Point> points, Ink c, float round = 0);
[[nodiscard]] Shape lifted(Shape s);

// Signed distance of p to the shape's edge, pixels, negative inside.
[[nodiscard]] float distance(const Shape& shape, Point p);
[[nodiscard]] inline float coverage(float d) { return std::clamp(0.5f - d / kSoftness, 0.f, 1.f); }

}  // namespace zt::world
