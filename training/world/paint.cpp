// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Distances, strokes and painting.
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
        if ((v[i].y > p.y) != (v[j].y > p.y) &&
            p.x < (v[j].x - v[i].x) * (p.y - v[i].y) / (v[j].y - v[i].y) + v[i].x)
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

Stroke stroke(const Ink& ink, float d, int style) {
    const Ink white(rgb8(255, 255, 255)), black(rgb8(8, 8, 16)), pencil(rgb8(70, 64, 74));
    switch (style) {
        case kNeon: return {mix(ink, black, 0.86f), mix(ink, white, 0.22f), coverage(d), coverage(std::abs(d) - 1.2f)};
        case kSketch: return {mix(ink, white, 0.5f), pencil, coverage(d), 0.8f * coverage(std::abs(d) - 1.1f)};
        default: return {ink, ink, coverage(d), 0.f};
    }
}

namespace {

struct Box {
    float left, top, right, bottom;
};

Box bounds(const Shape& s) {
    if (s.kind == Shape::kEllipse) {
        const float r = std::max(s.rx, s.ry) + s.round;
        return {s.points[0].x - r, s.points[0].y - r, s.points[0].x + r, s.points[0].y + r};
    }
    Box b{1e9f, 1e9f, -1e9f, -1e9f};
    for (const Point& p : s.points)
        b = {std::min(b.left, p.x - s.round), std::min(b.top, p.y - s.round), std::max(b.right, p.x + s.round), std::max(b.bottom, p.y + s.round)};
    return b;
}

void paint_at(Picture& picture, const Shape& s, const Box& box, float shift, int style) {
    constexpr float reach = 8.f;   // of shadow and line
    const int left = std::max(0, static_cast<int>(box.left + shift - reach)), right = std::min(picture.width, static_cast<int>(box.right + shift + reach));
    const int top = std::max(0, static_cast<int>(box.top - reach)), bottom = std::min(picture.height, static_cast<int>(box.bottom + reach));
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) {
            const Point at{static_cast<float>(x) + 0.5f - shift, static_cast<float>(y) + 0.5f};
            const float d = distance(s, at);
            if (s.lifted && style == kPaper && d > -1.f) {   // light from the upper left, edges cast on what is behind
                const float gap = distance(s, {at.x - 1.f, at.y + 1.f});
                if (gap < 6.f) picture.blend(x, y, rgb8(24, 22, 44), 0.17f * std::clamp(1.f - gap / 6.f, 0.f, 1.f));
            }
            const Stroke k = stroke(s.colour, d, style);
            if (k.fill_alpha > 0) picture.blend(x, y, k.fill.fixed, k.fill_alpha);
            if (k.line_alpha > 0) picture.blend(x, y, k.line.fixed, k.line_alpha);
        }
}

}  // namespace

void paint(Picture& picture, const std::vector<Shape>& shapes, int style) {
    const auto ring = static_cast<float>(picture.width);
    for (const Shape& s : shapes) {
        const Box box = bounds(s);
        for (const float shift : {-ring, 0.f, ring})
            if (box.right + shift > -8.f && box.left + shift < ring + 8.f) paint_at(picture, s, box, shift, style);
    }
}

}  // namespace zt::world
