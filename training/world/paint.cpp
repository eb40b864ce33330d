// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shapes and their distances.
#include "world/paint.h"

namespace zt::world {

Shape ellipse(float x, float y, float rx, float ry, Ink c, float angle) {
    Shape s;
    s.kind = Shape::kEllipse;
    s.points = {{x, y}};
    s.rx = rx;
    s.ry = ry;
    s.angle = angle;
    s.colour = c;
    return s;
}

Shape line(std::vector<Point> points, float radius, Ink c) {
    Shape s;
    s.kind = Shape::kLine;
    s.points = std::move(points);
    s.round = radius;
    s.colour = c;
    return s;
}

Shape polygon(std::vector<Point> points, Ink c, float round) {
    Shape s;
    s.kind = Shape::kPolygon;
    s.points = std::move(points);
    s.round = round;
    s.colour = c;
    return s;
}

namespace {

float segment_distance(Point p, Point a, Point b) {
    const float vx = b.x - a.x, vy = b.y - a.y, wx = p.x - a.x, wy = p.y - a.y;
    const float len = vx * vx + vy * vy;
    const float t = len > 0 ? std::clamp((wx * vx + wy * vy) / len, 0.f, 1.f) : 0.f;
    const float dx = wx - t * vx, dy = wy - t * vy;
    return std::sqrt(dx * dx + dy * dy);
}

float polygon_distance(const std::vector<Point>& v, Point p) {
    float d = 1e9f;
    bool inside = false;
    for (size_t i = 0, j = v.size() - 1; i < v.size(); j = i++) {
        d = std::min(d, segment_distance(p, v[i], v[j]));
        if ((v[i].y > p.y) != (v[j].y > p.y) && p.x < (v[j].x - v[i].x) * (p.y - v[i].y) / (v[j].y - v[i].y) + v[i].x)
            inside = !inside;
    }
    return inside ? -d : d;
}

}  // namespace

float distance(const Shape& s, Point p) {
    switch (s.kind) {
        case Shape::kEllipse: {
            float x = p.x - s.points[0].x, y = p.y - s.points[0].y;
            const float c = std::cos(s.angle), n = std::sin(s.angle);
            const float u = (x * c + y * n) / s.rx, v = (-x * n + y * c) / s.ry;
            // First-order distance: value over gradient; exact enough within a pixel of the edge.
            const float k = std::sqrt(u * u + v * v);
            const float g = std::sqrt(u * u / (s.rx * s.rx) + v * v / (s.ry * s.ry));
            if (g <= 1e-6f) return -std::min(s.rx, s.ry);
            const float d = k * (k - 1.f) / g;
            // Far outside a flat ellipse that is too near; no point is nearer than the box around the ellipse.
            const float box = std::max(std::abs(x * c + y * n) - s.rx, std::abs(-x * n + y * c) - s.ry);
            return (d > 0 ? std::max(d, box) : d) - s.round;
        }
        case Shape::kLine: {
            float d = 1e9f;
            for (size_t i = 0; i + 1 < s.points.size(); i++)
                d = std::min(d, segment_distance(p, s.points[i], s.points[i + 1]));
            return d - s.round;
        }
        case Shape::kPolygon: return polygon_distance(s.points, p) - s.round;
    }
    return 1e9f;
}

Shape lifted(Shape s) {
    s.lifted = true;
    return s;
}

}  // namespace zt::world
