// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Painting of the backdrops. Night recolours what day draws; layout 1 is the mirror of layout 0.
#include "world/scene.h"

namespace zt::world {
namespace {

struct Light {
    bool night;
    [[nodiscard]] Rgb operator()(int r, int g, int b) const {
        const Rgb c = rgb8(r, g, b);
        return night ? Rgb{c.r * 0.36f, c.g * 0.40f, c.b * 0.52f + 0.05f} : c;
    }
};

using Shapes = std::vector<Shape>;

void sky(Picture& p, bool night, Rgb day_top, Rgb day_low) {
    const Rgb top = night ? rgb8(16, 20, 62) : day_top, low = night ? rgb8(52, 62, 124) : day_low;
    for (int y = 0; y < p.height; y++)
        for (int x = 0; x < p.width; x++)
            p.blend(x, y, mix(top, low, std::min(1.f, static_cast<float>(y) / 100.f)), 1);
}

void cloud(Shapes& s, float x, float y, Rgb c) {
    s.push_back(ellipse(x, y, 18, 7, c));
    s.push_back(ellipse(x - 8, y - 5, 9, 7, c));
    s.push_back(ellipse(x + 6, y - 7, 10, 8, c));
}

void heavens(Shapes& s, bool night) {
    if (night) {
        s.push_back(ellipse(208, 24, 13, 13, rgb8(252, 244, 200)));
        s.push_back(ellipse(202, 21, 11, 11, rgb8(26, 32, 78)));
        constexpr float stars[][2] = {{24, 18}, {52, 34}, {84, 12}, {118, 28}, {150, 14}, {172, 42}, {236, 50}, {14, 52}, {100, 48}};
        for (const auto& star : stars) s.push_back(ellipse(star[0], star[1], 1.6f, 1.6f, rgb8(250, 246, 214)));
    } else {
        s.push_back(ellipse(208, 24, 15, 15, rgb8(255, 222, 74)));
        cloud(s, 44, 26, rgb8(252, 252, 252));
        cloud(s, 138, 18, rgb8(246, 250, 252));
    }
}

void pine(Shapes& s, float x, float base, float size, Rgb leaf, Rgb trunk) {
    s.push_back(polygon({{x - 3, base}, {x + 3, base}, {x + 3, base - 10}, {x - 3, base - 10}}, trunk));
    for (int i = 0; i < 3; i++) {
        const float w = size * (0.46f - 0.1f * static_cast<float>(i)), y = base - 6 - size * 0.30f * static_cast<float>(i);
        s.push_back(polygon({{x - w, y}, {x + w, y}, {x, y - size * 0.48f}}, mix(leaf, rgb8(255, 255, 255), 0.05f * static_cast<float>(i))));
    }
}

void ground(Shapes& s, float top, Rgb c) { s.push_back(polygon({{-4, top}, {260, top}, {260, 148}, {-4, 148}}, c)); }

void forest(Shapes& s, Light l) {
    s.push_back(ellipse(60, 118, 110, 42, l(126, 178, 98)));
    s.push_back(ellipse(220, 122, 100, 40, l(108, 164, 92)));
    pine(s, 26, 112, 74, l(28, 112, 66), l(112, 76, 48));
    pine(s, 70, 108, 54, l(40, 128, 74), l(112, 76, 48));
    pine(s, 186, 108, 58, l(40, 128, 74), l(112, 76, 48));
    pine(s, 234, 112, 78, l(28, 112, 66), l(112, 76, 48));
    ground(s, 108, l(92, 178, 72));
    constexpr float flowers[][2] = {{18, 130}, {58, 136}, {100, 126}, {150, 137}, {198, 128}, {240, 136}};
    for (const auto& f : flowers) s.push_back(ellipse(f[0], f[1], 2.4f, 2.4f, l(250, 230, 120)));
}

void mountain(Shapes& s, float x, float w, float h, Light l) {
    s.push_back(polygon({{x - w, 112}, {x, 112 - h}, {x + w, 112}}, l(134, 152, 196)));
    s.push_back(polygon({{x - w * 0.34f, 112 - h * 0.66f}, {x, 112 - h}, {x + w * 0.34f, 112 - h * 0.66f}, {x + w * 0.12f, 112 - h * 0.58f},
                         {x - w * 0.08f, 112 - h * 0.68f}}, l(250, 252, 255)));
}

void snow(Shapes& s, Light l) {
    mountain(s, 50, 70, 66, l);
    mountain(s, 150, 80, 78, l);
    mountain(s, 236, 60, 56, l);
    s.push_back(ellipse(80, 126, 140, 24, l(214, 228, 244)));
    ground(s, 114, l(240, 246, 252));
    s.push_back(ellipse(200, 122, 90, 12, l(240, 246, 252)));
}

void beach(Shapes& s, Light l, int phase) {
    s.push_back(polygon({{-4, 72}, {260, 72}, {260, 112}, {-4, 112}}, l(40, 132, 204)));
    for (int row = 0; row < 3; row++) {
        // Crests 32 px apart that drift one spacing in 8 frames: the sea repeats every two groups.
        const float shift = static_cast<float>(phase) * 4.f * (row % 2 ? -1.f : 1.f), y = 80.f + static_cast<float>(row) * 9.f;
        for (int i = -2; i < 11; i++) {
            const float x = static_cast<float>(i) * 32.f + shift + static_cast<float>(row) * 10.f;
            s.push_back(line({{x - 7, y + 1}, {x, y - 2}, {x + 7, y + 1}}, 1.3f, l(196, 230, 246)));
        }
    }
    ground(s, 106, l(240, 212, 146));
    s.push_back(line({{-4, 106}, {260, 106}}, 2.2f, l(250, 250, 244)));
    s.push_back(line({{24, 128}, {28, 100}, {24, 72}}, 3.2f, l(150, 104, 62)));
    constexpr float leaves[][2] = {{2, 70}, {6, 56}, {26, 50}, {46, 58}, {50, 72}};
    for (const auto& leaf : leaves) s.push_back(line({{24, 70}, {leaf[0], leaf[1]}}, 3.4f, l(52, 152, 70)));
    s.push_back(ellipse(226, 132, 6, 3.4f, l(252, 150, 130)));
}

void building(Shapes& s, float x, float w, float h, Rgb wall, Rgb window) {
    s.push_back(polygon({{x, 112}, {x, 112 - h}, {x + w, 112 - h}, {x + w, 112}}, wall));
    for (float wy = 112 - h + 7; wy < 100; wy += 13)
        for (float wx = x + 6; wx < x + w - 8; wx += 11)
            s.push_back(polygon({{wx, wy}, {wx + 5, wy}, {wx + 5, wy + 6}, {wx, wy + 6}}, window));
}

void city(Shapes& s, Light l) {
    const Rgb lit = rgb8(255, 226, 110), window = l.night ? lit : rgb8(222, 240, 250);
    building(s, 2, 40, 66, l(206, 112, 92), window);
    building(s, 46, 34, 48, l(226, 176, 108), window);
    building(s, 84, 42, 58, l(148, 150, 190), window);
    building(s, 132, 34, 46, l(206, 132, 112), window);
    building(s, 170, 40, 70, l(168, 140, 170), window);
    building(s, 214, 40, 52, l(226, 160, 110), window);
    ground(s, 108, l(176, 176, 184));
    ground(s, 114, l(104, 106, 118));
    for (int i = 0; i < 6; i++) {
        const float x = static_cast<float>(i) * 46.f + 8.f;
        s.push_back(line({{x, 130}, {x + 20, 130}}, 1.6f, l(250, 246, 220)));
    }
}

}  // namespace

Picture backdrop(int scene, int time, int layout, int phase) {
    Picture p(kWidth, kHeight);
    const bool night = time == kNight;
    const Light light{night};
    Shapes s;
    switch (scene) {
        case kForest: sky(p, night, rgb8(92, 172, 240), rgb8(204, 234, 250)); heavens(s, night); forest(s, light); break;
        case kSnow: sky(p, night, rgb8(140, 186, 232), rgb8(226, 236, 248)); heavens(s, night); snow(s, light); break;
        case kBeach: sky(p, night, rgb8(88, 186, 246), rgb8(212, 242, 250)); heavens(s, night); beach(s, light, phase); break;
        default: sky(p, night, rgb8(150, 190, 226), rgb8(232, 232, 232)); heavens(s, night); city(s, light); break;
    }
    paint(p, s);
    if (layout == 1)
        for (int y = 0; y < kHeight; y++)
            for (int x = 0; x < kWidth / 2; x++) std::swap_ranges(p.at(x, y), p.at(x, y) + 3, p.at(kWidth - 1 - x, y));
    return p;
}

}  // namespace zt::world
