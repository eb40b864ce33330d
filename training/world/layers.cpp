// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Painting of layers, and the list of sprites.
#include "world/layers.h"

#include <map>
#include <mutex>

#include "world/props.h"
#include "world/subject.h"

namespace zt::world {
namespace {

constexpr float kEdge = 0.9f;       // units over which an edge runs: soft enough to be moved by parts of a pixel
constexpr float kLine = 1.25f;      // half the width of an outline
constexpr float kPaperEdge = 2.4f;  // width of the paper edge
constexpr float kGlowReach = 7.f, kShadowReach = 4.f;  // units
float cover(float d) { return std::clamp(0.5f - d / kEdge, 0.f, 1.f); }

const Rgb kDark = rgb8(8, 8, 16), kPage = rgb8(250, 247, 238), kDusk = rgb8(24, 22, 44),
          kPaleLight = rgb8(255, 255, 255);
const Ink kTube(rgb8(74, 74, 80), 0.68f), kPencil(rgb8(70, 64, 74));

struct Bounds {
    float left, top, right, bottom;
};
Bounds bounds(const Shape& s) {
    if (s.kind == Shape::kEllipse) {
        const float r = std::max(s.rx, s.ry) + s.round;
        return {s.points[0].x - r, s.points[0].y - r, s.points[0].x + r, s.points[0].y + r};
    }
    Bounds b{1e9f, 1e9f, -1e9f, -1e9f};
    for (const Point& p : s.points)
        b = {std::min(b.left, p.x - s.round), std::min(b.top, p.y - s.round), std::max(b.right, p.x + s.round),
             std::max(b.bottom, p.y + s.round)};
    return b;
}

// Calls f(x, y, place) for the pixels of the layer within `reach` of the bounds; places are moved by -shift.
template <class F>
void near(const Layer& layer, const Bounds& b, float reach, float shift, F f) {
    const auto pixel = [](float unit, int origin) { return (unit - static_cast<float>(origin)) * kScale; };
    const int left = std::max(0, static_cast<int>(std::floor(pixel(b.left + shift - reach, layer.box.left))));
    const int right =
        std::min(layer.width, static_cast<int>(std::ceil(pixel(b.right + shift + reach, layer.box.left))));
    const int top = std::max(0, static_cast<int>(std::floor(pixel(b.top - reach, layer.box.top))));
    const int bottom = std::min(layer.height, static_cast<int>(std::ceil(pixel(b.bottom + reach, layer.box.top))));
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) {
            Point p = layer.place(x, y);
            p.x -= shift;
            f(x, y, p);
        }
}

// Ink over a premultiplied pixel.
void lay(float* p, const Ink& ink, float a) {
    const float k = 1.f - a;
    p[0] = p[0] * k + ink.fixed.r * a;
    p[1] = p[1] * k + ink.fixed.g * a;
    p[2] = p[2] * k + ink.fixed.b * a;
    p[3] = p[3] * k + ink.main * a;
    p[4] *= k;
    p[5] = p[5] * k + a;
}

// Darkens what the pixel holds, and what will be behind it.
void shade(float* p, float dark) {
    const float a = p[5], k = 1.f - dark;
    p[0] = p[0] * k + kDusk.r * dark * a;
    p[1] = p[1] * k + kDusk.g * dark * a;
    p[2] = p[2] * k + kDusk.b * dark * a;
    p[3] *= k;
    p[4] *= k;
    p[6] = 1.f - (1.f - p[6]) * k;
}

Ink puppet_fill(const Ink& ink, int style) {
    switch (style) {
        case kNeon: return mix(ink, kDark, 0.36f);
        case kSketch: return mix(ink, kPage, 0.18f);
        default: return ink;
    }
}

// How much of a shape's surface shows to the light from the upper left: the thickness of the paper.
float bevel(const Shape& s, Point p, float d) {
    if (d < -1.6f || d > kEdge) return 0.f;
    return std::clamp(distance(s, {p.x - 0.7f, p.y - 0.7f}) / 0.9f + 0.2f, 0.f, 1.f) * cover(d);
}

// Too small or too faint for an outline: in neon and sketch it is a stroke of its colour.
bool bare(const Shape& s) {
    if (s.opacity < 0.5f) return true;
    if (s.kind == Shape::kEllipse) return std::min(s.rx, s.ry) < 1.7f;
    return s.kind == Shape::kLine && s.round < 1.8f;
}

}  // namespace

void paint_puppet(Layer& layer, const std::vector<Shape>& shapes, int style) {
    const auto count = static_cast<size_t>(layer.width) * static_cast<size_t>(layer.height);
    std::vector<float> outline(count, 1e9f);  // distance to the whole puppet
    Layer inks(layer.box);                    // its surface, as if it had no edge
    for (const Shape& s : shapes) {
        const Ink ink = puppet_fill(s.colour, style);
        near(layer, bounds(s), 10.f, 0, [&](int x, int y, Point at) {
            const float d = distance(s, at);
            float& o = outline[static_cast<size_t>(y) * static_cast<size_t>(layer.width) + static_cast<size_t>(x)];
            if (s.opacity == 1.f) o = std::min(o, d);  // gleams and shades lie on it
            float* p = inks.at(x, y);
            if (style == kPaper && d > -0.5f && d < 3.f &&
                std::min(s.rx + s.round, s.ry + s.round) > 3.f)  // parts lie on one another
                shade(p, 0.12f * std::clamp(1.f - distance(s, {at.x - 0.8f, at.y - 1.f}) / 2.6f, 0.f, 1.f));
            if (const float a = cover(d) * s.opacity; a > 0)
                lay(p, style == kPaper ? mix(ink, kPaleLight, 0.16f * bevel(s, at, d)) : ink, a);
        });
    }
    const auto edge = [&](int x, int y) {
        return x < 0 || y < 0
                   ? 1e9f
                   : outline[static_cast<size_t>(y) * static_cast<size_t>(layer.width) + static_cast<size_t>(x)];
    };
    for (int y = 0; y < layer.height; y++)
        for (int x = 0; x < layer.width; x++) {
            const float d = edge(x, y);
            float* p = inks.at(x, y);
            const float rim = 1.f - p[5];  // where no shape is, there is paper
            float alpha = cover(d - (style == kPaper ? kPaperEdge : kLine));
            p[4] = rim;
            p[5] = 1;
            if (style == kNeon && d > 0.f) {  // light spills out
                lay(p, kTube, 1.f);
                const float far = std::clamp(1.f - d / kGlowReach, 0.f, 1.f);
                alpha = std::max(alpha, 0.55f * std::exp(-d / 3.f) * std::min(1.f, 2.f * far));
            }
            if (style != kPaper) lay(p, style == kNeon ? kTube : kPencil, cover(std::abs(d) - kLine));
            // The shadow falls three units to the right and down.
            const float gap = edge(x - 3 * kScale, y - 3 * kScale) - (style == kPaper ? kPaperEdge : kLine);
            const float dark = (style == kPaper    ? 0.30f
                                : style == kSketch ? 0.12f
                                                   : 0.f) *
                               std::clamp(0.5f - gap / kShadowReach, 0.f, 1.f);
            float* o = layer.at(x, y);
            for (int k = 0; k < 6; k++) o[k] = o[k] * (1.f - alpha) + p[k] * alpha;
            o[6] = 1.f - (1.f - o[6]) * (1.f - dark);
        }
}

void paint_scenery(Layer& layer, const std::vector<Shape>& shapes, int style, bool ring) {
    const auto turn = static_cast<float>(kRingWidth);
    for (const Shape& s : shapes) {
        const Bounds b = bounds(s);
        const bool whole = b.right - b.left > 2 * turn;  // a band goes round by itself
        const bool stroke = bare(s);
        const Ink line = style == kNeon ? mix(s.colour, kPaleLight, 0.22f) : kPencil;
        const Ink fill = style == kNeon     ? (stroke ? line : mix(s.colour, kDark, 0.84f))
                         : style == kSketch ? mix(s.colour, stroke ? kPencil : Ink(kPage), stroke ? 0.14f : 0.42f)
                                            : s.colour;
        const float reach = s.lifted || style == kNeon ? 8.f : 3.f;
        for (int k = -2; k <= 2; k++) {
            if (k != 0 && (!ring || whole)) continue;
            near(layer, b, reach, static_cast<float>(k) * turn, [&](int x, int y, Point at) {
                const float d = distance(s, at);
                float* p = layer.at(x, y);
                if (s.lifted && style == kPaper &&
                    d > -1.f) {  // light from the upper left, edges cast on what is behind
                    const float gap = distance(s, {at.x - 1.f, at.y + 1.f});
                    if (gap < 6.f) shade(p, 0.17f * std::clamp(1.f - gap / 6.f, 0.f, 1.f));
                }
                const float opacity =
                    s.gone_at > 0 ? s.opacity * std::clamp(1.f - at.y / s.gone_at, 0.f, 1.f) : s.opacity;
                if (style == kNeon && d > 0 && d < 6.f)
                    lay(p, line, (stroke ? 0.22f : 0.34f) * opacity * (1 - d / 6.f) * (1 - d / 6.f));
                if (const float a = cover(d) * opacity; a > 0)
                    lay(p, style == kPaper && s.lifted ? mix(fill, kPaleLight, 0.10f * bevel(s, at, d)) : fill, a);
                if (stroke) return;
                if (style == kNeon) lay(p, line, cover(std::abs(d) - 0.95f) * opacity);
                if (style == kSketch) lay(p, line, 0.8f * cover(std::abs(d) - 0.8f) * opacity);
            });
        }
    }
}

namespace {

constexpr int kMoves = 8;

std::vector<Shape> shapes_of(int sprite, int cell) {
    if (sprite >= kSubjects) return prop_shapes(sprite - kSubjects);
    const bool moving = cell < kMoves;
    return subject_shapes(sprite, moving ? static_cast<float>(cell) / kMoves : 0.f, moving, cell == kMoves + 1);
}

// What all cells cover, with room for shadow and light and for two units of nothing, in whole blocks.
Box measure(int sprite) {
    Bounds all{1e9f, 1e9f, -1e9f, -1e9f};
    for (int cell = 0; cell < sprite_cells(sprite); cell++)
        for (const Shape& s : shapes_of(sprite, cell)) {
            // The exact extent of a turned ellipse; of the others, their points.
            Bounds b = bounds(s);
            if (s.kind == Shape::kEllipse) {
                const float c = std::cos(s.angle), n = std::sin(s.angle);
                const float w = std::hypot(s.rx * c, s.ry * n), h = std::hypot(s.rx * n, s.ry * c);
                b = {s.points[0].x - w, s.points[0].y - h, s.points[0].x + w, s.points[0].y + h};
            }
            all = {std::min(all.left, b.left), std::min(all.top, b.top), std::max(all.right, b.right),
                   std::max(all.bottom, b.bottom)};
        }
    constexpr float margin = kGlowReach + 2.f + kEdge;
    const auto blocks = [](float v) { return static_cast<int>(v) * kBlock; };
    const int left = blocks(std::floor((all.left - margin) / kBlock)),
              top = blocks(std::floor((all.top - margin) / kBlock));
    return {left, top, blocks(std::ceil((all.right + margin) / kBlock)) - left,
            blocks(std::ceil((all.bottom + margin) / kBlock)) - top};
}

}  // namespace

const std::vector<std::string>& sprite_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> list{"fox",     "cat",    "rabbit",   "bird",      "fish",   "car",   "boat",
                                      "balloon", "dog",    "elephant", "butterfly", "rocket", "horse", "tree",
                                      "train",   "person", "bear",     "flower",    "house",  "ball"};
        list.insert(list.end(), prop_names().begin(), prop_names().end());
        return list;
    }();
    return names;
}

int sprite_cells(int sprite) { return sprite < kSubjects ? kMoves + 2 : 1; }

Box sprite_box(int sprite) {
    static const std::vector<Box> boxes = [] {
        std::vector<Box> list;
        for (size_t i = 0; i < sprite_names().size(); i++) list.push_back(measure(static_cast<int>(i)));
        return list;
    }();
    return boxes[static_cast<size_t>(sprite)];
}

Layer paint_sprite(int sprite, int style, int cell) {
    Layer layer(sprite_box(sprite));
    if (sprite < kSubjects || (style == kPaper && prop_has_paper_edge(sprite - kSubjects)))
        paint_puppet(layer, shapes_of(sprite, cell), style);
    else
        paint_scenery(layer, shapes_of(sprite, cell), style);
    return layer;
}

}  // namespace zt::world
