// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Drawing of the rings: hills, seas, skylines and grounds that go round the stage.
#include <functional>

#include "world/draw.h"
#include "world/layers.h"

namespace zt::world {
namespace {

using Line = std::function<float(float)>;

// Height of a line that goes round: waves whose lengths divide the ring.
Line waves(float y, std::vector<std::array<float, 3>> parts) {  // times round the ring, height, phase in turns
    return [y, parts](float x) {
        float v = y;
        for (const auto& [times, height, phase] : parts)
            v += height * std::sin(kTau * (times * x / kRingWidth + phase));
        return v;
    };
}

// Everything below a line, far beyond both ends of the ring.
Shape below(const Line& top, float low, Rgb c, bool lift = true) {
    std::vector<Point> points;
    for (int x = -384; x <= 768; x += 4) points.push_back({static_cast<float>(x), top(static_cast<float>(x))});
    points.push_back({768, low});
    points.push_back({-384, low});
    Shape s = polygon(std::move(points), c);
    s.lifted = lift;
    return s;
}
Line level(float y) {
    return [y](float) { return y; };
}

// A spread of places that looks thrown, the same every time.
template <class F>
void scatter(int count, float top, float low, uint32_t seed, F f) {
    for (int i = 0; i < count; i++) {
        const uint32_t h = (static_cast<uint32_t>(i) * 2654435761u + seed * 40503u) * 2246822519u;
        const float x = (static_cast<float>(i) + static_cast<float>(h >> 8 & 255u) / 300.f) * kRingWidth /
                        static_cast<float>(count);
        const float y = top + (low - top) * static_cast<float>(h >> 16 & 255u) / 255.f;
        f(x, y, static_cast<int>(h >> 24 & 7u));
    }
}

void tuft(Shapes& s, float x, float y, Rgb c) {
    s.push_back(line({{x - 3, y - 4}, {x, y}}, 0.8f, c));
    s.push_back(line({{x, y - 5.4f}, {x, y}}, 0.8f, c));
    s.push_back(line({{x + 3, y - 4}, {x, y}}, 0.8f, c));
}

void forest_hills(Shapes& s) {
    const Line back = waves(86, {{{2, 5, 0.1f}}, {{3, 3, 0.4f}}}),
               front = waves(96, {{{1, 5, 0.55f}}, {{3, 2.4f, 0.2f}}});
    scatter(22, 0, 0, 3, [&](float x, float, int k) {  // a far wood
        const float y = back(x) + 3, h = 12.f + static_cast<float>(k) * 1.2f;
        s.push_back(polygon({{x - h * 0.3f, y}, {x, y - h}, {x + h * 0.3f, y}},
                            mix(rgb8(112, 168, 112), rgb8(140, 188, 130), static_cast<float>(k) / 7.f), 0.5f));
    });
    s.push_back(below(back, 130, rgb8(134, 184, 108)));
    s.push_back(below(front, 130, rgb8(110, 168, 94)));
}

void forest_ground(Shapes& s) {
    s.push_back(below(waves(107, {{{2, 1.2f, 0}}, {{5, 0.6f, 0.3f}}}), 170, rgb8(92, 178, 72)));
    s.push_back(below(waves(133, {{{1, 2.4f, 0.3f}}, {{3, 1.4f, 0.7f}}}), 170, rgb8(82, 164, 66), false));
    scatter(11, 115, 138, 5, [&](float x, float y, int) { tuft(s, x, y, rgb8(62, 140, 56)); });
    scatter(8, 116, 139, 11, [&](float x, float y, int k) {
        if (k % 4 == 3) {  // a mushroom
            s.push_back(line({{x, y}, {x, y - 3}}, 1.3f, rgb8(246, 238, 222)));
            s.push_back(ellipse(x, y - 4.4f, 4, 2.6f, rgb8(214, 72, 66)));
            s.push_back(ellipse(x - 1.2f, y - 5, 0.8f, 0.7f, kWhite));
            s.push_back(ellipse(x + 1.5f, y - 4.2f, 0.7f, 0.6f, kWhite));
        } else {
            s.push_back(ellipse(x, y, 2.4f, 2.4f, k % 2 ? rgb8(250, 230, 120) : rgb8(250, 246, 238)));
            s.push_back(ellipse(x, y, 1.f, 1.f, rgb8(246, 180, 70)));
        }
    });
}

void snow_hills(Shapes& s) {
    s.push_back(below(waves(93, {{{1, 5, 0.2f}}, {{3, 3, 0.5f}}}), 130, rgb8(196, 214, 238)));
    s.push_back(below(waves(103, {{{2, 4, 0.6f}}, {{3, 1.6f, 0}}}), 130, rgb8(216, 230, 246)));
}

void snow_ground(Shapes& s) {
    s.push_back(below(waves(113, {{{1, 1.6f, 0.1f}}, {{2, 1.6f, 0.45f}}}), 170, rgb8(240, 246, 252)));
    scatter(6, 122, 138, 7, [&](float x, float y, int k) {  // drifts: a shadow and a crown of snow
        const float w = 9.f + 1.6f * static_cast<float>(k);
        s.push_back(line({{x - w, y + 1.2f}, {x + w, y + 1.2f}}, 1.7f, rgb8(204, 220, 242)));
        s.push_back(line({{x - w - 2, y}, {x + w - 2, y}}, 1.5f, rgb8(250, 252, 255)));
    });
    scatter(9, 120, 140, 23,
            [&](float x, float y, int) { s.push_back(ellipse(x, y, 0.9f, 0.9f, rgb8(206, 222, 246))); });
}

void beach_sea(Shapes& s) {
    s.push_back(below(level(72), 118, rgb8(40, 132, 204)));
    s.push_back(below(waves(84, {{{4, 0.8f, 0.2f}}}), 118, rgb8(52, 146, 214), false));
    s.push_back(below(waves(96, {{{4, 1.f, 0.7f}}}), 118, rgb8(74, 166, 222), false));
}

void beach_crests(Shapes& s) {
    for (int row = 0; row < 3; row++)
        for (int i = 0; i < 8; i++) {
            const float x = static_cast<float>(i) * 32.f + static_cast<float>(row) * 11.f,
                        y = 79.f + static_cast<float>(row) * 10.f, w = 6.f + static_cast<float>(row);
            s.push_back(line({{x - w, y + 1.4f},
                              {x - w * 0.45f, y - 0.8f},
                              {x, y - 1.6f},
                              {x + w * 0.45f, y - 0.8f},
                              {x + w, y + 1.4f}},
                             0.9f + 0.2f * static_cast<float>(row), rgb8(206, 236, 250)));
        }
}

void beach_sand(Shapes& s) {
    const Line shore = waves(107, {{{2, 1.3f, 0.2f}}, {{5, 0.7f, 0.6f}}});
    s.push_back(below([&](float x) { return shore(x) - 2.2f; }, 170, rgb8(250, 252, 250)));
    s.push_back(below([&](float x) { return shore(x) + 1.6f; }, 170, rgb8(222, 190, 128), false));
    s.push_back(below([&](float x) { return shore(x) + 5.f; }, 170, rgb8(240, 212, 146), false));
    scatter(16, 118, 140, 31, [&](float x, float y, int k) {
        s.push_back(
            ellipse(x, y, 1.f + 0.1f * static_cast<float>(k), 0.8f, k % 2 ? rgb8(214, 182, 122) : rgb8(252, 232, 184)));
    });
    scatter(2, 126, 136, 40, [&](float x, float y, int) {  // starfish
        for (int i = 0; i < 5; i++) {
            const float a = kTau * static_cast<float>(i) / 5 - kTau / 4 + 0.2f;
            s.push_back(line({{x, y}, {x + 4.4f * std::cos(a), y + 3.2f * std::sin(a)}}, 1.3f, rgb8(240, 138, 92)));
        }
    });
}

void city_far(Shapes& s) {
    const Ink shine({}, 1.f);
    const auto house = [&](float x, float w, float top, Rgb c) {
        s.push_back(lifted(polygon({{x, 120}, {x, top}, {x + w, top}, {x + w, 120}}, c, 0.4f)));
    };
    constexpr float widths[] = {22, 16, 26, 18, 20, 24, 14, 28, 20, 18, 26, 24},
                    tops[] = {78, 66, 84, 60, 80, 70, 86, 74, 62, 82, 72, 84};  // 256 in all
    float x = 0;
    for (int i = 0; i < 12; i++) {
        const Rgb c = i % 2 ? rgb8(178, 188, 212) : rgb8(194, 202, 222);
        house(x - 1, widths[i] + 2, tops[i], c);
        if (i % 4 == 3) s.push_back(line({{x + widths[i] / 2, tops[i]}, {x + widths[i] / 2, tops[i] - 9}}, 0.8f, c));
        x += widths[i];
    }
    x = 0;
    for (int i = 0; i < 12; i++) {
        for (float wy = tops[i] + 6; wy < 102; wy += 10)
            for (float wx = x + 5; wx < x + widths[i] - 6; wx += 8)
                if ((static_cast<int>(wx * 3 + wy * 5) + i) % 3 != 0)
                    s.push_back(polygon({{wx, wy}, {wx + 3, wy}, {wx + 3, wy + 4}, {wx, wy + 4}},
                                        mix(Ink(rgb8(186, 194, 216)), shine, 0.55f)));
        x += widths[i];
    }
}

void city_street(Shapes& s) {
    s.push_back(below(level(108), 170, rgb8(184, 184, 190)));
    for (int i = 0; i < 16; i++)
        s.push_back(line({{static_cast<float>(i) * 16.f + 4, 109}, {static_cast<float>(i) * 16.f + 2, 113}}, 0.4f,
                         rgb8(156, 156, 164)));
    s.push_back(below(level(114), 170, rgb8(142, 142, 152)));
    s.push_back(below(level(116.4f), 170, rgb8(104, 106, 118), false));
    for (int i = 0; i < 8; i++) {  // dashes 32 units apart: a ring has whole dashes
        const float x = static_cast<float>(i) * 32.f + 6.f;
        s.push_back(line({{x, 130}, {x + 16, 130}}, 1.6f, rgb8(250, 246, 220)));
    }
}

void meadow_hills(Shapes& s) {
    const Line back = waves(84, {{{1, 6, 0.3f}}, {{2, 4, 0.8f}}}), front = waves(95, {{{1, 4, 0.9f}}, {{3, 3, 0.1f}}});
    s.push_back(below(back, 130, rgb8(164, 212, 124)));
    scatter(9, 0, 0, 17, [&](float x, float, int k) {  // bushes along the hill
        const float r = 4.f + 0.5f * static_cast<float>(k), y = front(x) + 1;
        s.push_back(ellipse(x, y - r * 0.5f, r, r, rgb8(106, 172, 92)));
        s.push_back(ellipse(x + r, y - r * 0.2f, r * 0.8f, r * 0.7f, rgb8(118, 182, 98)));
    });
    s.push_back(below(front, 130, rgb8(144, 200, 108)));
}

void meadow_ground(Shapes& s) {
    s.push_back(below(waves(106, {{{2, 1.2f, 0.6f}}, {{3, 0.8f, 0.1f}}}), 170, rgb8(120, 194, 84)));
    s.push_back(below(waves(134, {{{1, 2.4f, 0.6f}}, {{2, 1.2f, 0.2f}}}), 170, rgb8(108, 182, 76), false));
    scatter(12, 114, 140, 9, [&](float x, float y, int) { tuft(s, x, y, rgb8(84, 160, 62)); });
    scatter(9, 114, 136, 14, [&](float x, float y, int k) {
        const Rgb petals = k % 3 == 0 ? rgb8(240, 92, 110) : k % 3 == 1 ? rgb8(250, 176, 66) : rgb8(176, 126, 220);
        s.push_back(line({{x, y}, {x, y + 6}}, 0.8f, rgb8(66, 146, 62)));
        for (int i = 0; i < 4; i++)
            s.push_back(ellipse(x + 1.9f * std::cos(kTau * static_cast<float>(i) / 4),
                                y + 1.9f * std::sin(kTau * static_cast<float>(i) / 4), 1.9f, 1.9f, petals));
        s.push_back(ellipse(x, y, 1.4f, 1.4f, rgb8(255, 222, 96)));
    });
}

void desert_dunes(Shapes& s) {
    const Line back = waves(88, {{{1, 7, 0.05f}}, {{2, 4, 0.3f}}}),
               front = waves(99, {{{1, 4, 0.5f}}, {{3, 2.6f, 0.8f}}});
    s.push_back(below(back, 130, rgb8(242, 200, 126)));
    s.push_back(below(front, 130, rgb8(234, 186, 110)));
}

void desert_ground(Shapes& s) {
    s.push_back(below(waves(109, {{{1, 1.2f, 0.2f}}, {{3, 1.2f, 0.5f}}}), 170, rgb8(246, 208, 136)));
    s.push_back(below(waves(130, {{{1, 3, 0.7f}}, {{2, 2, 0.1f}}}), 170, rgb8(238, 194, 120)));
    scatter(8, 116, 126, 19, [&](float x, float y, int k) {  // ripples
        const float w = 6.f + static_cast<float>(k);
        s.push_back(line({{x - w, y}, {x - w * 0.4f, y - 1.4f}, {x + w * 0.3f, y - 0.2f}, {x + w, y - 1.2f}}, 0.6f,
                         rgb8(222, 178, 104)));
    });
    scatter(7, 134, 141, 29, [&](float x, float y, int k) {
        s.push_back(
            ellipse(x, y, 2.f + 0.3f * static_cast<float>(k), 1.4f, k % 2 ? rgb8(196, 150, 96) : rgb8(212, 166, 106)));
    });
}

void underwater_shafts(Shapes& s) {
    constexpr float widths[] = {16, 10, 18, 12}, leans[] = {36, 44, 40, 34};
    for (int i = 0; i < 4; i++) {
        const float x = 20.f + static_cast<float>(i) * 64.f;
        Shape shaft = polygon({{x, -4}, {x + widths[i], -4}, {x + widths[i] - leans[i] + 9, 112}, {x - leans[i], 112}},
                              rgb8(150, 222, 244));
        shaft.opacity = 0.45f, shaft.gone_at = 110;
        s.push_back(shaft);
    }
}

void underwater_sand(Shapes& s) {
    s.push_back(below(waves(107, {{{1, 3, 0.2f}}, {{2, 2, 0.7f}}}), 170, rgb8(206, 186, 140)));
    s.push_back(below(waves(113, {{{1, 1.4f, 0.8f}}, {{3, 1.4f, 0.3f}}}), 170, rgb8(226, 208, 158)));
    scatter(9, 120, 140, 41, [&](float x, float y, int k) {
        const float w = 5.f + static_cast<float>(k);
        s.push_back(line({{x - w, y}, {x, y - 1.2f}, {x + w, y}}, 0.6f, rgb8(204, 184, 134)));
    });
    scatter(7, 122, 140, 53, [&](float x, float y, int k) {
        s.push_back(
            ellipse(x, y, 3.f + 0.4f * static_cast<float>(k), 2.2f, k % 2 ? rgb8(172, 164, 158) : rgb8(196, 180, 160)));
    });
}

void space_far(Shapes& s) {
    std::vector<Point> ridge;
    constexpr float peaks[] = {104, 96, 101, 90, 98, 103, 94, 100, 88, 97, 102, 95, 99, 92, 101, 98};  // 16 units apart
    for (int i = -24; i <= 48; i++) ridge.push_back({static_cast<float>(i) * 16.f, peaks[(i + 64) % 16]});
    ridge.push_back({768, 130});
    ridge.push_back({-384, 130});
    s.push_back(lifted(polygon(ridge, rgb8(150, 142, 176), 0.8f)));
    s.push_back(below(waves(108, {{{1, 3, 0.4f}}, {{2, 2.4f, 0.1f}}}), 130, rgb8(172, 166, 192)));
}

void space_ground(Shapes& s) {
    s.push_back(below(waves(114, {{{1, 1.6f, 0}}, {{2, 1.2f, 0.6f}}}), 170, rgb8(196, 190, 206)));
    constexpr float craters[][3] = {{30, 128, 12}, {92, 137, 9}, {150, 122, 7}, {182, 134, 13}, {236, 126, 8}};
    for (const auto& c : craters) {
        s.push_back(ellipse(c[0], c[1] + 0.9f, c[2] + 1.4f, c[2] * 0.4f + 1.f, rgb8(214, 208, 222)));
        s.push_back(ellipse(c[0], c[1], c[2], c[2] * 0.4f, rgb8(158, 152, 174)));
        s.push_back(ellipse(c[0] + 1, c[1] + 0.8f, c[2] * 0.8f, c[2] * 0.28f, rgb8(172, 166, 188)));
    }
    scatter(10, 119, 141, 61, [&](float x, float y, int k) {
        s.push_back(ellipse(x, y, 1.1f + 0.1f * static_cast<float>(k), 0.9f, rgb8(168, 162, 184)));
    });
}

struct Ring {
    const char* name;
    int top, bottom;  // units
    void (*draw)(Shapes&);
};
// clang-format off
constexpr Ring kRings[] = {{"forest.hills", 48, 116, forest_hills},    {"forest.ground", 96, 144, forest_ground},     {"snow.hills", 72, 120, snow_hills},
                           {"snow.ground", 100, 144, snow_ground},     {"beach.sea", 60, 116, beach_sea},             {"beach.crests", 68, 112, beach_crests},
                           {"beach.sand", 92, 144, beach_sand},        {"city.far", 40, 116, city_far},               {"city.street", 96, 144, city_street},
                           {"meadow.hills", 64, 116, meadow_hills},    {"meadow.ground", 92, 144, meadow_ground},     {"desert.dunes", 64, 120, desert_dunes},
                           {"desert.ground", 96, 144, desert_ground},  {"underwater.shafts", 0, 112, underwater_shafts}, {"underwater.sand", 88, 144, underwater_sand},
                           {"space.far", 76, 120, space_far},          {"space.ground", 100, 144, space_ground}};
// clang-format on

}  // namespace

const std::vector<std::string>& ring_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> list;
        for (const Ring& r : kRings) list.emplace_back(r.name);
        return list;
    }();
    return names;
}

Box ring_box(int ring) { return {0, kRings[ring].top, kRingWidth, kRings[ring].bottom - kRings[ring].top}; }

Layer paint_ring(int ring, int style, int from) {
    Box box = ring_box(ring);
    box.left = from;
    Layer layer(box);
    Shapes s;
    kRings[ring].draw(s);
    paint_scenery(layer, s, style, true);
    return layer;
}

}  // namespace zt::world
