// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Painting of the backdrops. Night and sunset recolour what day draws; layout 1 is the mirror of
// layout 0.
#include "world/scene.h"

namespace zt::world {
namespace {

struct Light {
    int time;
    [[nodiscard]] Rgb operator()(int r, int g, int b) const {
        const Rgb c = rgb8(r, g, b);
        switch (time) {
            case kNight: return {c.r * 0.36f, c.g * 0.40f, c.b * 0.52f + 0.05f};
            case kSunset: return {c.r * 0.86f + 0.08f, c.g * 0.66f + 0.04f, c.b * 0.60f + 0.10f};
            default: return c;
        }
    }
};

using Shapes = std::vector<Shape>;

struct Sky {
    Rgb top, low;
};

void fill_sky(Picture& p, Sky sky, int style) {
    for (int y = 0; y < p.height; y++)
        for (int x = 0; x < p.width; x++) {
            Rgb c = mix(sky.top, sky.low, std::min(1.f, static_cast<float>(y) / 100.f));
            if (style == kNeon) c = mix(rgb8(6, 6, 18), c, 0.16f);
            if (style == kSketch) c = mix(rgb8(250, 247, 238), c, 0.36f);
            p.blend(x, y, c, 1);
        }
}

void cloud(Shapes& s, float x, float y, Rgb c) {
    s.push_back(lifted(ellipse(x, y, 18, 7, c)));
    s.push_back(ellipse(x - 8, y - 5, 9, 7, c));
    s.push_back(ellipse(x + 6, y - 7, 10, 8, c));
}

// Sun, moon or evening sun: the time of day at a glance.
void heavens(Shapes& s, int time, int style, bool clouds, Rgb night_sky) {
    if (time == kNight) {
        s.push_back(ellipse(208, 24, 13, 13, rgb8(252, 244, 200)));
        if (style == kPaper) s.push_back(ellipse(202, 21, 11, 11, night_sky));   // elsewhere a full moon
        constexpr float stars[][2] = {{24, 18}, {52, 34}, {84, 12}, {118, 28}, {150, 14}, {172, 42}, {236, 50}, {14, 52}, {100, 48}};
        for (const auto& star : stars) s.push_back(ellipse(star[0], star[1], 1.6f, 1.6f, rgb8(250, 246, 214)));
    } else if (time == kSunset) {
        s.push_back(ellipse(200, 66, 26, 26, rgb8(255, 176, 88)));
        s.push_back(ellipse(200, 66, 20, 20, rgb8(255, 214, 110)));
        if (clouds) cloud(s, 44, 26, rgb8(250, 190, 176));
        if (clouds) cloud(s, 138, 18, rgb8(244, 176, 180));
    } else {
        s.push_back(ellipse(208, 24, 15, 15, rgb8(255, 222, 74)));
        if (clouds) cloud(s, 44, 26, rgb8(252, 252, 252));
        if (clouds) cloud(s, 138, 18, rgb8(246, 250, 252));
    }
}

void pine(Shapes& s, float x, float base, float size, Rgb leaf, Rgb trunk) {
    s.push_back(polygon({{x - 3, base}, {x + 3, base}, {x + 3, base - 10}, {x - 3, base - 10}}, trunk));
    for (int i = 0; i < 3; i++) {
        const float w = size * (0.46f - 0.1f * static_cast<float>(i)), y = base - 6 - size * 0.30f * static_cast<float>(i);
        s.push_back(lifted(polygon({{x - w, y}, {x + w, y}, {x, y - size * 0.48f}}, mix(leaf, rgb8(255, 255, 255), 0.05f * static_cast<float>(i)))));
    }
}

// A band over the whole ring and beyond, so that its ends are never seen.
Shape band(float top, float low, Rgb c) { return lifted(polygon({{-600, top}, {860, top}, {860, low}, {-600, low}}, c)); }

void ground(Shapes& s, float top, Rgb c) { s.push_back(band(top, 160, c)); }

void forest(Shapes& s, Light l) {
    s.push_back(lifted(ellipse(60, 118, 110, 42, l(126, 178, 98))));
    s.push_back(lifted(ellipse(220, 122, 100, 40, l(108, 164, 92))));
    pine(s, 26, 112, 74, l(28, 112, 66), l(112, 76, 48));
    pine(s, 70, 108, 54, l(40, 128, 74), l(112, 76, 48));
    pine(s, 186, 108, 58, l(40, 128, 74), l(112, 76, 48));
    pine(s, 234, 112, 78, l(28, 112, 66), l(112, 76, 48));
    ground(s, 108, l(92, 178, 72));
    constexpr float flowers[][2] = {{18, 130}, {58, 136}, {100, 126}, {150, 137}, {198, 128}, {240, 136}};
    for (const auto& f : flowers) s.push_back(ellipse(f[0], f[1], 2.4f, 2.4f, l(250, 230, 120)));
}

void mountain(Shapes& s, float x, float w, float h, Light l) {
    s.push_back(lifted(polygon({{x - w, 112}, {x, 112 - h}, {x + w, 112}}, l(134, 152, 196))));
    s.push_back(polygon({{x - w * 0.34f, 112 - h * 0.66f}, {x, 112 - h}, {x + w * 0.34f, 112 - h * 0.66f}, {x + w * 0.12f, 112 - h * 0.58f},
                         {x - w * 0.08f, 112 - h * 0.68f}}, l(250, 252, 255)));
}

void snow(Shapes& s, Light l) {
    mountain(s, 50, 70, 66, l);
    mountain(s, 150, 80, 78, l);
    mountain(s, 236, 60, 56, l);
    s.push_back(lifted(ellipse(80, 126, 140, 24, l(214, 228, 244))));
    ground(s, 114, l(240, 246, 252));
    s.push_back(ellipse(200, 122, 90, 12, l(240, 246, 252)));
}

void beach(Shapes& s, Light l, int phase) {
    s.push_back(band(72, 112, l(40, 132, 204)));
    for (int row = 0; row < 3; row++) {
        // Crests 32 px apart that drift one spacing in 8 frames: the sea repeats every two groups.
        const float shift = static_cast<float>(phase) * 4.f * (row % 2 ? -1.f : 1.f), y = 80.f + static_cast<float>(row) * 9.f;
        for (int i = 0; i < 8; i++) {
            const float x = static_cast<float>(i) * 32.f + shift + static_cast<float>(row) * 10.f;
            s.push_back(line({{x - 7, y + 1}, {x, y - 2}, {x + 7, y + 1}}, 1.3f, l(196, 230, 246)));
        }
    }
    ground(s, 106, l(240, 212, 146));
    s.push_back(line({{-600, 106}, {860, 106}}, 2.2f, l(250, 250, 244)));
    s.push_back(lifted(line({{24, 128}, {28, 100}, {24, 72}}, 3.2f, l(150, 104, 62))));
    constexpr float leaves[][2] = {{2, 70}, {6, 56}, {26, 50}, {46, 58}, {50, 72}};
    for (const auto& leaf : leaves) s.push_back(lifted(line({{24, 70}, {leaf[0], leaf[1]}}, 3.4f, l(52, 152, 70))));
    s.push_back(ellipse(226, 132, 6, 3.4f, l(252, 150, 130)));
}

void building(Shapes& s, float x, float w, float h, Rgb wall, Rgb window) {
    s.push_back(lifted(polygon({{x, 112}, {x, 112 - h}, {x + w, 112 - h}, {x + w, 112}}, wall)));
    for (float wy = 112 - h + 7; wy < 100; wy += 13)
        for (float wx = x + 6; wx < x + w - 8; wx += 11)
            s.push_back(polygon({{wx, wy}, {wx + 5, wy}, {wx + 5, wy + 6}, {wx, wy + 6}}, window));
}

void city(Shapes& s, Light l) {
    const Rgb lit = rgb8(255, 226, 110), window = l.time == kDay ? rgb8(222, 240, 250) : lit;
    building(s, 2, 40, 66, l(206, 112, 92), window);
    building(s, 46, 34, 48, l(226, 176, 108), window);
    building(s, 84, 42, 58, l(148, 150, 190), window);
    building(s, 132, 34, 46, l(206, 132, 112), window);
    building(s, 170, 40, 70, l(168, 140, 170), window);
    building(s, 214, 40, 52, l(226, 160, 110), window);
    ground(s, 108, l(176, 176, 184));
    ground(s, 114, l(104, 106, 118));
    for (int i = 0; i < 8; i++) {   // dashes 32 px apart: a ring has whole dashes
        const float x = static_cast<float>(i) * 32.f + 6.f;
        s.push_back(line({{x, 130}, {x + 16, 130}}, 1.6f, l(250, 246, 220)));
    }
}

void flower(Shapes& s, float x, float y, Rgb petal, Light l) {
    s.push_back(line({{x, y}, {x, y + 9}}, 1.0f, l(60, 140, 60)));
    s.push_back(ellipse(x, y, 4, 4, petal));
    s.push_back(ellipse(x, y, 1.7f, 1.7f, l(255, 222, 96)));
}

// Rolling hills, a barn with a round roof and a fence of flowers.
void meadow(Shapes& s, Light l) {
    s.push_back(lifted(ellipse(40, 124, 120, 50, l(160, 208, 118))));
    s.push_back(lifted(ellipse(196, 126, 120, 46, l(142, 198, 108))));
    s.push_back(lifted(polygon({{44, 102}, {44, 74}, {58, 62}, {72, 74}, {72, 102}}, l(204, 76, 66))));
    s.push_back(polygon({{40, 76}, {58, 60}, {76, 76}, {72, 78}, {58, 66}, {44, 78}}, l(120, 66, 62)));
    s.push_back(polygon({{52, 102}, {52, 84}, {64, 84}, {64, 102}}, l(250, 236, 214)));
    s.push_back(line({{52, 84}, {64, 102}}, 1.0f, l(204, 76, 66)));
    s.push_back(line({{64, 84}, {52, 102}}, 1.0f, l(204, 76, 66)));
    ground(s, 106, l(120, 194, 84));
    constexpr float spots[][2] = {{14, 122}, {46, 130}, {78, 120}, {104, 132}, {158, 132}, {180, 120}, {212, 130}, {242, 120}};
    for (int i = 0; i < 8; i++) flower(s, spots[i][0], spots[i][1], i % 3 == 0 ? l(240, 92, 110) : i % 3 == 1 ? l(252, 250, 244) : l(250, 176, 66), l);
}

void cactus(Shapes& s, float x, float base, float h, Light l) {
    const Rgb green = l(62, 142, 84);
    s.push_back(lifted(line({{x, base}, {x, base - h}}, 5.f, green)));
    s.push_back(line({{x, base - h * 0.4f}, {x - 12, base - h * 0.4f}, {x - 12, base - h * 0.75f}}, 3.4f, green));
    s.push_back(line({{x, base - h * 0.55f}, {x + 11, base - h * 0.55f}, {x + 11, base - h * 0.85f}}, 3.4f, green));
}

void desert(Shapes& s, Light l) {
    s.push_back(lifted(polygon({{118, 106}, {158, 58}, {198, 106}}, l(226, 176, 104))));
    s.push_back(polygon({{158, 58}, {198, 106}, {170, 106}}, l(196, 142, 84)));
    s.push_back(lifted(ellipse(40, 122, 110, 36, l(240, 196, 120))));
    s.push_back(lifted(ellipse(212, 126, 110, 34, l(232, 184, 108))));
    cactus(s, 32, 112, 44, l);
    cactus(s, 226, 112, 34, l);
    ground(s, 110, l(246, 208, 136));
    s.push_back(lifted(ellipse(128, 148, 110, 18, l(238, 194, 120))));
}

void underwater(Shapes& s, Light l, int phase) {
    for (int i = 0; i < 4; i++) {   // shafts of light
        const float x = 20.f + static_cast<float>(i) * 64.f;
        s.push_back(polygon({{x, -2}, {x + 16, -2}, {x - 14, 110}, {x - 38, 110}}, l(74, 176, 214)));
    }
    s.push_back(lifted(ellipse(64, 128, 110, 26, l(206, 186, 140))));
    ground(s, 112, l(226, 208, 158));
    for (int i = 0; i < 4; i++) {   // seaweed sways in 8 frames
        constexpr float at[4] = {18, 42, 206, 238};
        const float sway = 5.f * std::sin(6.2831853f * static_cast<float>(phase) / 8.f + static_cast<float>(i)), h = i % 2 ? 40.f : 58.f;
        s.push_back(lifted(line({{at[i], 122}, {at[i] + sway * 0.3f, 122 - h * 0.5f}, {at[i] + sway, 122 - h}}, 3.6f, i % 2 ? l(64, 168, 92) : l(44, 140, 96))));
    }
    for (int i = 0; i < 3; i++) {   // coral
        const float x = 72.f + static_cast<float>(i) * 9.f;
        s.push_back(lifted(line({{76, 124}, {x - 4, 108}}, 3.f, l(244, 122, 122))));
    }
    s.push_back(ellipse(180, 130, 6, 4, l(250, 226, 214)));
    for (int i = 0; i < 4; i++) {   // bubbles rise one spacing of 32 px in 8 frames
        const float y = 104.f - static_cast<float>(i) * 32.f - 4.f * static_cast<float>(phase) + 16.f;
        s.push_back(ellipse(184, y, 3.4f, 3.4f, l(206, 240, 250)));
    }
}

void space(Shapes& s, Light l) {
    constexpr float stars[][2] = {{16, 40}, {40, 14}, {66, 56}, {92, 26}, {120, 52}, {134, 12}, {164, 34}, {182, 62}, {244, 60}, {228, 88}, {20, 80}, {88, 78}};
    for (const auto& star : stars) s.push_back(ellipse(star[0], star[1], 1.8f, 1.8f, rgb8(252, 248, 226)));
    s.push_back(lifted(ellipse(48, 40, 17, 17, l(236, 150, 96))));
    s.push_back(ellipse(42, 35, 8, 5, l(248, 190, 134), 0.5f));
    s.push_back(line({{22, 50}, {48, 42}, {76, 30}}, 2.2f, l(250, 226, 170)));
    s.push_back(lifted(ellipse(176, 122, 90, 16, l(176, 170, 192))));
    ground(s, 114, l(196, 190, 206));
    constexpr float craters[][3] = {{30, 128, 12}, {92, 136, 9}, {176, 132, 13}, {232, 128, 8}};
    for (const auto& c : craters) s.push_back(ellipse(c[0], c[1], c[2], c[2] * 0.4f, l(160, 154, 176)));
}

Sky sky_of(int scene, int time) {
    if (scene == kUnderwater) {
        switch (time) {
            case kNight: return {rgb8(14, 34, 84), rgb8(10, 22, 58)};
            case kSunset: return {rgb8(226, 140, 130), rgb8(74, 76, 134)};
            default: return {rgb8(86, 196, 228), rgb8(30, 112, 178)};
        }
    }
    if (scene == kSpace) {
        switch (time) {
            case kNight: return {rgb8(8, 8, 30), rgb8(26, 22, 62)};
            case kSunset: return {rgb8(60, 26, 84), rgb8(206, 92, 104)};
            default: return {rgb8(64, 66, 158), rgb8(134, 130, 214)};
        }
    }
    if (time == kNight) return {rgb8(16, 20, 62), rgb8(52, 62, 124)};
    if (time == kSunset) return {rgb8(120, 84, 158), rgb8(255, 184, 124)};
    switch (scene) {
        case kForest: return {rgb8(92, 172, 240), rgb8(204, 234, 250)};
        case kSnow: return {rgb8(140, 186, 232), rgb8(226, 236, 248)};
        case kBeach: return {rgb8(88, 186, 246), rgb8(212, 242, 250)};
        case kMeadow: return {rgb8(104, 184, 242), rgb8(226, 244, 236)};
        case kDesert: return {rgb8(96, 176, 226), rgb8(250, 232, 196)};
        default: return {rgb8(150, 190, 226), rgb8(232, 232, 232)};
    }
}

}  // namespace

Picture backdrop(int scene, int time, int layout, int style, int phase) {
    Picture p(kWidth, kHeight);
    const Light light{time};
    const Sky sky = sky_of(scene, time);
    fill_sky(p, sky, style);
    Shapes s;
    heavens(s, time, style, scene != kUnderwater && scene != kSpace, mix(sky.top, sky.low, 0.24f));
    switch (scene) {
        case kForest: forest(s, light); break;
        case kSnow: snow(s, light); break;
        case kBeach: beach(s, light, phase); break;
        case kCity: city(s, light); break;
        case kMeadow: meadow(s, light); break;
        case kDesert: desert(s, light); break;
        case kUnderwater: underwater(s, light, phase); break;
        default: space(s, light); break;
    }
    paint(p, s, style);
    if (layout == 1)
        for (int y = 0; y < kHeight; y++)
            for (int x = 0; x < kWidth / 2; x++) std::swap_ranges(p.at(x, y), p.at(x, y) + 3, p.at(kWidth - 1 - x, y));
    return p;
}

}  // namespace zt::world
