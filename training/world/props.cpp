// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Drawing of the props, by day light.
#include "world/props.h"

#include "world/draw.h"

namespace zt::world {
namespace {

const Ink kShine({}, 1.f);

Ink paled(Rgb c, float by) { return mix(c, rgb8(255, 255, 255), by); }

void cloud(Shapes& s) {
    const Rgb c = rgb8(252, 252, 252);
    s.push_back(lifted(ellipse(0, 5, 27, 8, c)));
    s.push_back(ellipse(-12, -1, 12, 10, c));
    s.push_back(ellipse(6, -5, 14, 12, c));
    s.push_back(ellipse(19, 2, 9, 7, c));
    s.push_back(ellipse(0, 4, 22, 7, c));
    s.push_back(ellipse(3, 8, 20, 3, rgb8(228, 238, 248)));
}

void sun(Shapes& s) {
    for (int i = 0; i < 12; i++) {
        const float a = kTau * (static_cast<float>(i) + 0.5f) / 12, c = std::cos(a), n = std::sin(a), w = 2.6f;
        s.push_back(polygon({{c * 17 - n * w, n * 17 + c * w}, {c * 24, n * 24}, {c * 17 + n * w, n * 17 - c * w}},
                            kShine, 0.5f));
    }
    s.push_back(lifted(ellipse(0, 0, 15, 15, kShine)));
    s.push_back(ellipse(-1.6f, -1.6f, 11, 11, mix(kShine, kWhite, 0.22f)));
}

void moon(Shapes& s) {
    std::vector<Point> crescent;
    constexpr float r = 15, off = 6.6f;
    constexpr float cut = 0.95f;  // half the angle of the opening
    for (int i = 0; i <= 28; i++) {
        const float a = cut + (kTau - 2 * cut) * static_cast<float>(i) / 28;
        crescent.push_back({r * std::cos(a), r * std::sin(a)});
    }
    // Back along a smaller circle through the same two horns.
    const float inner = std::hypot(crescent.back().x - off, crescent.back().y),
                from = std::atan2(crescent.back().y, crescent.back().x - off);
    for (int i = 1; i < 24; i++) {
        const float a = from - (kTau + 2 * from) * static_cast<float>(i) / 24;
        crescent.push_back({off + inner * std::cos(a), inner * std::sin(a)});
    }
    for (Point& p : crescent) p = {p.x * 0.94f + p.y * 0.34f, -p.x * 0.34f + p.y * 0.94f};
    s.push_back(lifted(polygon(crescent, kShine, 0.8f)));
}

void evening_sun(Shapes& s) {
    s.push_back(lifted(ellipse(0, 0, 27, 27, Ink({}, 0.9f))));
    s.push_back(ellipse(0, 0, 21, 21, kShine));
    s.push_back(ellipse(0, 0, 14, 14, mix(kShine, kWhite, 0.25f)));
}

void star(Shapes& s) {
    std::vector<Point> points;
    for (int i = 0; i < 10; i++) {
        const float a = kTau * static_cast<float>(i) / 10 - kTau / 4, r = i % 2 ? 1.8f : 4.2f;
        points.push_back({r * std::cos(a), r * std::sin(a)});
    }
    s.push_back(polygon(points, kShine, 0.5f));
}

void pine(Shapes& s) {
    constexpr float size = 78;
    const Rgb leaf = rgb8(30, 116, 68), bark = rgb8(112, 76, 48);
    s.push_back(polygon({{-4, 0}, {4, 0}, {3, -12}, {-3, -12}}, bark, 0.5f));
    for (int i = 0; i < 3; i++) {
        const float w = size * (0.42f - 0.09f * static_cast<float>(i)), y = -8 - size * 0.28f * static_cast<float>(i),
                    top = y - size * 0.46f;
        const Ink c = paled(leaf, 0.07f * static_cast<float>(i));
        s.push_back(lifted(
            polygon({{-w, y}, {-w * 0.5f, y + 2.4f}, {0, y + 0.6f}, {w * 0.5f, y + 2.4f}, {w, y}, {0, top}}, c, 0.8f)));
        s.push_back(polygon({{0, top + 3}, {w * 0.24f, y - size * 0.12f}, {w * 0.04f, y - size * 0.12f}},
                            paled(leaf, 0.14f + 0.07f * static_cast<float>(i)), 0.4f));
    }
}

void mountain(Shapes& s) {
    constexpr float w = 74, h = 78;
    s.push_back(lifted(polygon({{-w, 8},
                                {-w * 0.46f, -h * 0.44f},
                                {-w * 0.34f, -h * 0.50f},
                                {0, -h},
                                {w * 0.22f, -h * 0.70f},
                                {w * 0.36f, -h * 0.60f},
                                {w, 8}},
                               rgb8(134, 152, 196), 1)));
    s.push_back(polygon({{0, -h},
                         {w * 0.22f, -h * 0.70f},
                         {w * 0.36f, -h * 0.60f},
                         {w, 8},
                         {w * 0.10f, 8},
                         {w * 0.18f, -h * 0.34f},
                         {w * 0.02f, -h * 0.52f}},
                        rgb8(114, 132, 180), 0.6f));
    s.push_back(polygon({{-w * 0.27f, -h * 0.60f},
                         {0, -h},
                         {w * 0.22f, -h * 0.70f},
                         {w * 0.29f, -h * 0.64f},
                         {w * 0.16f, -h * 0.57f},
                         {w * 0.05f, -h * 0.67f},
                         {-w * 0.06f, -h * 0.56f},
                         {-w * 0.15f, -h * 0.65f}},
                        rgb8(250, 252, 255), 0.8f));
}

void palm(Shapes& s) {
    const Rgb bark = rgb8(158, 112, 70), leaf = rgb8(52, 152, 70), light = rgb8(92, 182, 88);
    s.push_back(lifted(line({{-2, -1}, {1, -20}, {5, -38}, {5, -56}}, 3.6f, bark)));
    for (int i = 0; i < 4; i++) {
        const float y = -10.f - 12.f * static_cast<float>(i), x = -0.4f + 2.f * static_cast<float>(i);
        s.push_back(line({{x - 2.6f, y}, {x + 2.6f, y - 0.6f}}, 0.7f, rgb8(120, 82, 52)));
    }
    constexpr float tips[][4] = {{-10, -66, -26, -52}, {-12, -74, -27, -70}, {-2, -80, -10, -90},
                                 {14, -78, 26, -82},   {20, -68, 35, -62},   {16, -62, 27, -48}};
    for (int i = 0; i < 6; i++) {
        const auto& t = tips[i];
        s.push_back(lifted(
            polygon({{5, -54}, {t[0], t[1] - 4}, {t[2], t[3]}, {t[0] + 1, t[1] + 3}}, i % 2 ? light : leaf, 1.6f)));
    }
    s.push_back(ellipse(2, -54, 3.4f, 3.4f, rgb8(122, 76, 44)));
    s.push_back(ellipse(8, -53, 3.4f, 3.4f, rgb8(142, 92, 54)));
}

void shell(Shapes& s) {
    const Rgb c = rgb8(252, 158, 138), ridge = rgb8(232, 122, 112);
    s.push_back(lifted(
        polygon({{-2, 0}, {-8, -5}, {-8.6f, -10}, {-5, -13.4f}, {0, -14.6f}, {5, -13.4f}, {8.6f, -10}, {8, -5}, {2, 0}},
                c, 0.8f)));
    for (const float x : {-5.6f, 0.f, 5.6f})
        s.push_back(line({{x * 0.2f, -1.6f}, {x, -11.6f + std::abs(x) * 0.3f}}, 0.6f, ridge));
    s.push_back(ellipse(0, 0, 3.4f, 1.8f, ridge));
}

void windows(Shapes& s, float left, float top, int columns, int rows, float dx, float dy, float w, float h) {
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            const float x = left + static_cast<float>(c) * dx, y = top + static_cast<float>(r) * dy;
            s.push_back(polygon({{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}, kShine, 0.3f));
        }
}

void box(Shapes& s, float l, float t, float r, float b, Ink c, bool lift = false) {
    s.push_back(polygon({{l, t}, {r, t}, {r, b}, {l, b}}, c, 0.4f));
    s.back().lifted = lift;
}

void building_a(Shapes& s) {  // a block of flats
    box(s, -22, -66, 22, 2, rgb8(206, 112, 92), true);
    box(s, -24, -69, 24, -65, rgb8(172, 86, 72));
    box(s, 8, -76, 14, -69, rgb8(172, 86, 72));
    windows(s, -17, -58, 3, 4, 13, 13, 7, 7);
    box(s, -5, -9, 5, 2, rgb8(120, 74, 66));
}

void building_b(Shapes& s) {  // a tower
    s.push_back(line({{0, -88}, {0, -104}}, 0.9f, rgb8(120, 122, 150)));
    box(s, -11, -90, 11, -80, rgb8(130, 132, 176), true);
    box(s, -16, -82, 16, 2, rgb8(152, 154, 196), true);
    windows(s, -12, -75, 3, 7, 9, 10, 5.6f, 5.6f);
    box(s, -4, -6, 4, 2, rgb8(96, 98, 132));
}

void building_c(Shapes& s) {  // a corner shop
    box(s, -25, -38, 25, 2, rgb8(232, 182, 116), true);
    box(s, -27, -42, 27, -37, rgb8(190, 134, 84));
    windows(s, -20, -33, 4, 1, 11, 10, 6.6f, 7);
    box(s, -20, -13, 4, -2, kShine);
    box(s, 9, -14, 19, 2, rgb8(140, 92, 72));
    for (int i = 0; i < 6; i++) {  // the awning
        const float x = -23.f + 5 * static_cast<float>(i);
        s.push_back(polygon({{x, -20}, {x + 5, -20}, {x + 5.4f, -13}, {x - 0.4f, -13}},
                            i % 2 ? rgb8(252, 246, 234) : rgb8(212, 80, 76), 0.2f));
    }
}

void barn(Shapes& s) {
    const Rgb red = rgb8(204, 76, 66), dark = rgb8(120, 66, 62), cream = rgb8(250, 236, 214);
    s.push_back(
        lifted(polygon({{-17, 2}, {-17, -27}, {-10, -37}, {0, -43}, {10, -37}, {17, -27}, {17, 2}}, red, 0.6f)));
    s.push_back(line({{-20, -25}, {-11, -38}, {0, -44.6f}, {11, -38}, {20, -25}}, 2.2f, dark));
    box(s, -7.6f, -20, 7.6f, 2, cream);
    box(s, -5.8f, -18, 5.8f, 2, rgb8(190, 64, 58));
    s.push_back(line({{-5.8f, -18}, {5.8f, 1}}, 1.f, cream));
    s.push_back(line({{5.8f, -18}, {-5.8f, 1}}, 1.f, cream));
    box(s, -4, -34, 4, -27, cream);
    box(s, -2.8f, -33, 2.8f, -28, kShine);
}

void daisy(Shapes& s) {
    s.push_back(line({{0, 0}, {0.6f, -12}}, 0.9f, rgb8(60, 140, 60)));
    s.push_back(ellipse(3.4f, -3.4f, 3.4f, 1.5f, rgb8(80, 160, 70), -0.5f));
    for (int i = 0; i < 6; i++) {
        const float a = kTau * static_cast<float>(i) / 6;
        s.push_back(ellipse(0.6f + 3.5f * std::cos(a), -13 + 3.5f * std::sin(a), 2.8f, 2.2f, rgb8(252, 250, 244), a));
    }
    s.push_back(ellipse(0.6f, -13, 2.4f, 2.4f, rgb8(255, 206, 76)));
}

void cactus(Shapes& s) {
    const Rgb green = rgb8(62, 142, 84), light = rgb8(104, 176, 110);
    constexpr float h = 46;
    s.push_back(lifted(line({{0, -2}, {0, -h}}, 6.f, green)));
    s.push_back(lifted(line({{0, -h * 0.36f}, {-14, -h * 0.36f}, {-14, -h * 0.70f}}, 4.f, green)));
    s.push_back(lifted(line({{0, -h * 0.52f}, {13, -h * 0.52f}, {13, -h * 0.84f}}, 4.f, green)));
    s.push_back(line({{-1.8f, -6}, {-1.8f, -h + 1}}, 0.7f, light));
    s.push_back(line({{2, -6}, {2, -h + 1}}, 0.7f, light));
    s.push_back(ellipse(0, -h - 5, 3.6f, 2.6f, rgb8(244, 110, 140)));
    s.push_back(ellipse(0, -h - 5, 1.4f, 1.2f, rgb8(255, 214, 90)));
}

void pyramid(Shapes& s) {
    s.push_back(lifted(polygon({{-48, 4}, {0, -50}, {48, 4}}, rgb8(230, 182, 110), 0.6f)));
    s.push_back(polygon({{0, -50}, {48, 4}, {16, 4}}, rgb8(198, 146, 88), 0.4f));
    for (int i = 1; i < 4; i++) {
        const float y = -50 + 13.f * static_cast<float>(i), w = 0.89f * 13.f * static_cast<float>(i);
        s.push_back(line({{-w + 2, y}, {w * 0.3f - 2, y}}, 0.5f, rgb8(210, 160, 94)));
    }
    box(s, -8, -6, 0, 4, rgb8(150, 104, 66));
}

void seaweed(Shapes& s) {
    const auto blade = [&](float x, float h, float bend, Rgb c) {
        s.push_back(lifted(
            line({{x, 0}, {x + bend, -h * 0.25f}, {x - bend, -h * 0.5f}, {x + bend, -h * 0.75f}, {x, -h}}, 3.1f, c)));
    };
    blade(-7, 36, 2.4f, rgb8(64, 168, 92));
    blade(7, 42, -2.2f, rgb8(64, 168, 92));
    blade(0, 58, 2.8f, rgb8(44, 140, 96));
}

void coral(Shapes& s) {
    const Rgb c = rgb8(244, 116, 118), light = rgb8(252, 160, 150);
    s.push_back(lifted(line({{0, 0}, {-3, -12}, {-12, -22}}, 3.f, c)));
    s.push_back(lifted(line({{0, 0}, {3, -14}, {12, -26}}, 3.f, c)));
    s.push_back(lifted(line({{0, 0}, {0, -17}, {-1, -31}}, 3.2f, c)));
    s.push_back(line({{-2, -10}, {-14, -11}}, 2.6f, c));
    s.push_back(line({{3, -12}, {14, -14}}, 2.6f, c));
    constexpr float tips[][2] = {{-12, -22}, {12, -26}, {-1, -31}, {-14, -11}, {14, -14}};
    for (const auto& t : tips) s.push_back(ellipse(t[0], t[1], 1.8f, 1.8f, light));
}

void bubble(Shapes& s) {
    Shape skin = ellipse(0, 0, 4.6f, 4.6f, rgb8(206, 240, 250)),
          inside = ellipse(0, 0, 3.4f, 3.4f, rgb8(140, 208, 234));
    skin.opacity = 0.85f, inside.opacity = 0.6f;
    s.push_back(skin);
    s.push_back(inside);
    s.push_back(ellipse(-1.4f, -1.4f, 1.2f, 1.2f, kWhite));
}

void planet(Shapes& s) {
    const Rgb ring = rgb8(250, 226, 170);
    s.push_back(line({{-28, 10}, {28, -10}}, 2.2f, ring));
    s.push_back(lifted(ellipse(0, 0, 18, 18, rgb8(236, 150, 96))));
    s.push_back(ellipse(-2, -8, 13, 2.6f, rgb8(248, 190, 134), -0.2f));
    s.push_back(ellipse(2, 9, 12, 2.4f, rgb8(214, 120, 80), -0.2f));
    s.push_back(ellipse(-7, -5, 4, 2.6f, rgb8(252, 214, 170), -0.4f));
    s.push_back(line({{-29, 11.4f}, {-17, 9}, {0, 3.6f}, {17, -3.4f}, {29, -10.4f}}, 2.f, ring));
}

void zzz(Shapes& s) {  // rises from a sleeper's head, which is at the origin
    for (int i = 0; i < 3; i++) {
        const float u = static_cast<float>(i), r = 3.2f + 1.1f * u, x = 3.f + 10.5f * u, y = -4.f - 13.f * u;
        s.push_back(line({{x - r, y - r}, {x + r, y - r}, {x - r, y + r}, {x + r, y + r}}, 1.5f, kShine));
    }
}

struct Prop {
    const char* name;
    void (*draw)(Shapes&);
};
// clang-format off
constexpr Prop kProps[] = {{"cloud", cloud}, {"sun", sun}, {"moon", moon}, {"evening_sun", evening_sun}, {"star", star}, {"pine", pine}, {"mountain", mountain}, {"palm", palm},
                           {"shell", shell}, {"building_a", building_a}, {"building_b", building_b}, {"building_c", building_c}, {"barn", barn}, {"daisy", daisy}, {"cactus", cactus},
                           {"pyramid", pyramid}, {"seaweed", seaweed}, {"coral", coral}, {"bubble", bubble}, {"planet", planet}, {"zzz", zzz}};
// clang-format on

}  // namespace

const std::vector<std::string>& prop_names() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> list;
        for (const Prop& p : kProps) list.emplace_back(p.name);
        return list;
    }();
    return names;
}

std::vector<Shape> prop_shapes(int prop) {
    Shapes s;
    kProps[prop].draw(s);
    return s;
}

bool prop_has_paper_edge(int prop) { return prop_names()[static_cast<size_t>(prop)] == "zzz"; }

}  // namespace zt::world
