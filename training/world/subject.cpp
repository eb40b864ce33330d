// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Drawing of the subjects from ellipses, capsules and polygons.
#include "world/subject.h"

#include "world/draw.h"

namespace zt::world {

void eye(Shapes& s, float x, float y, const Act& a, float size) {
    if (a.asleep) {
        const std::vector<Point> lid{{x - 3.6f * size, y - 0.6f * size},
                                     {x - 1.8f * size, y + 1.3f * size},
                                     {x, y + 1.9f * size},
                                     {x + 1.8f * size, y + 1.3f * size},
                                     {x + 3.6f * size, y - 0.6f * size}};
        s.push_back(line(lid, 2.1f * size, kWhite));
        s.push_back(line(lid, 1.0f * size, kBlack));
    } else {
        s.push_back(ellipse(x, y, 3.9f * size, 4.5f * size, kWhite));
        s.push_back(ellipse(x + 0.4f, y, 2.7f * size, 3.3f * size, kBlack));
        s.push_back(ellipse(x + 1.3f * size, y - 1.2f * size, 0.9f * size, 0.9f * size, kWhite));
    }
}

void legs(Shapes& s, const Palette& p, float back, float front, float top, const Act& a) {
    const float swing = a.moving ? std::sin(a.cycle * kTau) * 9.f : 0.f;
    s.push_back(line({{back + 5, top}, {back + 5 - swing, 35}}, 4.2f, p.dark));
    s.push_back(line({{front - 5, top}, {front - 5 + swing, 35}}, 4.2f, p.dark));
    s.push_back(line({{back, top}, {back + swing, 36}}, 4.6f, p.main));
    s.push_back(line({{front, top}, {front - swing, 36}}, 4.6f, p.main));
}

namespace {

void fox(Shapes& s, const Palette& p, const Act& a) {
    const float wag = std::sin(a.cycle * kTau) * 3.f;
    s.push_back(line({{-20, 10}, {-34, 0 + wag}}, 8.f, p.main));
    s.push_back(ellipse(-40, -8 + wag, 14, 9, p.main, 0.9f));
    s.push_back(ellipse(-44, -16 + wag, 7, 5.5f, kWhite, 0.9f));
    legs(s, p, -16, 14, 18, a);
    s.push_back(ellipse(-2, 12, 24, 13, p.main));
    s.push_back(polygon({{10, -14}, {14, -36}, {22, -20}}, p.dark, 1));
    s.push_back(polygon({{20, -18}, {29, -36}, {31, -16}}, p.main, 1));
    s.push_back(ellipse(21, -8, 14, 13, p.main));
    s.push_back(polygon({{24, -12}, {45, -2}, {22, 4}}, p.main, 2));
    s.push_back(polygon({{22, 0}, {42, -1}, {22, 6}}, kWhite, 1));
    s.push_back(ellipse(45, -3, 3.2f, 3.0f, kBlack));
    eye(s, 25, -12, a);
}

void cat(Shapes& s, const Palette& p, const Act& a) {
    const float wag = std::sin(a.cycle * kTau) * 4.f;
    s.push_back(line({{-20, 10}, {-34, -2}, {-36 + wag, -20}, {-28 + wag, -34}}, 4.4f, p.main));
    legs(s, p, -14, 14, 18, a);
    s.push_back(ellipse(-2, 14, 23, 14, p.main));
    s.push_back(ellipse(-8, 10, 3, 9, p.dark, 0.2f));
    s.push_back(ellipse(-16, 11, 3, 8, p.dark, 0.3f));
    s.push_back(polygon({{3, -14}, {4, -38}, {18, -24}}, p.main, 1.5f));
    s.push_back(polygon({{20, -24}, {34, -38}, {35, -14}}, p.main, 1.5f));
    s.push_back(ellipse(19, -10, 20, 17, p.main));
    s.push_back(ellipse(20, -3, 10, 7, kWhite));
    s.push_back(ellipse(20, -6, 2.8f, 2.2f, kRose));
    eye(s, 12, -13, a);
    eye(s, 27, -13, a);
}

void rabbit(Shapes& s, const Palette& p, const Act& a) {
    const float swing = a.moving ? std::sin(a.cycle * kTau) * 7.f : 0.f;
    s.push_back(ellipse(-27, 12, 8, 8, kWhite));
    s.push_back(ellipse(8, -32, 6, 18, p.main, 0.25f));
    s.push_back(ellipse(8, -31, 2.6f, 13, kRose, 0.25f));
    s.push_back(ellipse(22, -33, 6, 18, p.main, -0.1f));
    s.push_back(ellipse(22, -32, 2.6f, 13, kRose, -0.1f));
    s.push_back(line({{12, 22}, {14 - swing, 36}}, 4.2f, p.dark));
    s.push_back(ellipse(-6, 12, 23, 18, p.main));
    s.push_back(ellipse(-12, 17, 13, 12, p.dark));
    s.push_back(line({{-16 + swing, 35}, {2 + swing, 35}}, 5.f, p.main));
    s.push_back(line({{16, 20}, {18 + swing, 36}}, 4.2f, p.main));
    s.push_back(ellipse(16, -6, 15, 13, p.main));
    s.push_back(ellipse(28, -3, 4, 3.4f, kRose));
    eye(s, 19, -9, a);
}

void bird(Shapes& s, const Palette& p, const Act& a) {
    const float flap = a.moving ? std::sin(a.cycle * kTau) : 0.35f;
    s.push_back(polygon({{-16, 0}, {-46, -14}, {-44, 0}, {-48, 8}}, p.dark, 1));
    s.push_back(line({{-2, 18}, {-4, 34}, {4, 34}}, 1.8f, kBeak));
    s.push_back(line({{8, 17}, {8, 34}, {16, 34}}, 1.8f, kBeak));
    s.push_back(ellipse(0, 3, 28, 18, p.main, 0.15f));
    s.push_back(ellipse(8, 10, 16, 9, p.light, 0.15f));
    s.push_back(polygon({{30, -20}, {48, -12}, {30, -7}}, kBeak, 1));
    s.push_back(ellipse(24, -14, 13, 12, p.main));
    s.push_back(polygon({{8, -4}, {-20, -2}, {-22, -6 - 30 * flap}}, p.dark, 5));
    eye(s, 28, -17, a);
}

void fish(Shapes& s, const Palette& p, const Act& a) {
    const float wag = std::sin(a.cycle * kTau) * 8.f;
    s.push_back(polygon({{-22, 2}, {-46, -18 + wag}, {-40, 2 + wag * 0.5f}, {-46, 22 + wag}}, p.dark, 2));
    s.push_back(polygon({{-8, -14}, {2, -32}, {16, -16}}, p.dark, 2));
    s.push_back(polygon({{-4, 18}, {4, 32}, {12, 18}}, p.dark, 2));
    s.push_back(ellipse(4, 2, 34, 21, p.main));
    s.push_back(ellipse(-2, 2, 4, 17, p.light));
    s.push_back(ellipse(-14, 2, 3.4f, 14, p.dark));
    eye(s, 22, -4, a, 1.4f);
    s.push_back(line({{32, 8}, {37, 6}}, 1.4f, kBlack));
}

void wheel(Shapes& s, float x, float cycle) {
    const float a = cycle * kTau * 0.25f;  // a cross repeats after a quarter turn
    s.push_back(ellipse(x, 25, 11, 11, kTyre));
    s.push_back(ellipse(x, 25, 6.4f, 6.4f, rgb8(206, 208, 214)));
    for (int i = 0; i < 2; i++) {
        const float c = std::cos(a + static_cast<float>(i) * kTau / 4) * 5,
                    n = std::sin(a + static_cast<float>(i) * kTau / 4) * 5;
        s.push_back(line({{x - c, 25 - n}, {x + c, 25 + n}}, 1.2f, kTyre));
    }
}

void car(Shapes& s, const Palette& p, const Act& a) {
    s.push_back(polygon({{-26, 2}, {-18, -20}, {14, -20}, {26, 2}}, p.main, 3));
    s.push_back(polygon({{-21, 0}, {-15, -16}, {-3, -16}, {-3, 0}}, kGlass, 0.5f));
    s.push_back(polygon({{2, 0}, {2, -16}, {12, -16}, {20, 0}}, kGlass, 0.5f));
    s.push_back(polygon({{-40, 6}, {34, 4}, {42, 12}, {42, 20}, {-42, 20}}, p.main, 3));
    s.push_back(line({{-40, 15}, {42, 15}}, 1.6f, p.dark));
    s.push_back(ellipse(41, 11, 3.4f, 4, rgb8(255, 240, 150)));
    wheel(s, -24, a.moving ? a.cycle : 0);
    wheel(s, 24, a.moving ? a.cycle : 0);
}

void boat(Shapes& s, const Palette& p, const Act& a) {
    const float flutter = std::sin(a.cycle * kTau) * 3.f;
    s.push_back(line({{0, -42}, {0, 16}}, 1.8f, kWood));
    s.push_back(polygon({{2, -40}, {18, -36 + flutter}, {2, -31}}, p.dark, 0.5f));
    s.push_back(polygon({{4, -28}, {34, 8}, {4, 8}}, p.light, 1));
    s.push_back(polygon({{-4, -34}, {-30, 8}, {-4, 8}}, kWhite, 1));
    s.push_back(polygon({{-40, 14}, {42, 14}, {28, 34}, {-28, 34}}, p.main, 2));
    s.push_back(line({{-36, 19}, {38, 19}}, 1.8f, kWhite));
}

void balloon(Shapes& s, const Palette& p, const Act& a) {
    const float sway = std::sin(a.cycle * kTau) * 2.f;
    s.push_back(line({{-14, 12}, {-7 + sway, 28}}, 1.0f, kWood));
    s.push_back(line({{14, 12}, {7 + sway, 28}}, 1.0f, kWood));
    s.push_back(polygon({{-8 + sway, 28}, {8 + sway, 28}, {7 + sway, 38}, {-7 + sway, 38}}, kWood, 1));
    s.push_back(polygon({{-24, 0}, {24, 0}, {9, 20}, {-9, 20}}, p.main, 2));
    s.push_back(ellipse(0, -12, 31, 29, p.main));
    s.push_back(ellipse(0, -10, 17, 30, p.light));
    s.push_back(ellipse(0, -10, 7, 30, p.dark));
}

void dog(Shapes& s, const Palette& p, const Act& a) {
    const float wag = std::sin(a.cycle * kTau) * 5.f;
    s.push_back(line({{-22, 8}, {-34 + wag * 0.4f, -4}, {-36 + wag, -14}}, 3.8f, p.main));
    legs(s, p, -17, 13, 16, a);
    s.push_back(ellipse(-3, 11, 26, 13, p.main));
    s.push_back(ellipse(-12, 8, 9, 7, p.dark));
    s.push_back(ellipse(20, -10, 16, 15, p.main));
    s.push_back(ellipse(34, -4, 11, 8, p.light));
    s.push_back(ellipse(43, -7, 4, 3.4f, kBlack));
    s.push_back(ellipse(8, -8, 7, 16, p.dark, 0.25f));
    s.push_back(line({{12, 5}, {26, 6}}, 2.2f, rgb8(250, 226, 130)));
    eye(s, 25, -14, a);
}

void elephant(Shapes& s, const Palette& p, const Act& a) {
    const float swing = a.moving ? std::sin(a.cycle * kTau) * 6.f : 0.f, wave = std::sin(a.cycle * kTau) * 4.f;
    s.push_back(line({{-34, 2}, {-42, 12 + wave * 0.5f}}, 1.8f, p.dark));
    s.push_back(line({{-12, 18}, {-12 - swing, 33}}, 7.f, p.dark));
    s.push_back(line({{8, 18}, {8 + swing, 33}}, 7.f, p.dark));
    s.push_back(ellipse(-8, 2, 29, 24, p.main));
    s.push_back(line({{-22, 16}, {-22 + swing, 32}}, 7.f, p.main));
    s.push_back(line({{14, 16}, {14 - swing, 32}}, 7.f, p.main));
    s.push_back(ellipse(22, -12, 18, 18, p.main));
    s.push_back(line({{36, -8}, {43, 8}, {43, 20}, {50 + wave, 26}}, 5.4f, p.main));
    s.push_back(line({{34, 4}, {41, 6}}, 2.2f, kWhite));
    s.push_back(ellipse(9, -10, 12 + wave * 0.5f, 17, p.light));
    s.push_back(ellipse(9, -10, 8 + wave * 0.5f, 12, p.dark));
    eye(s, 28, -15, a);
}

void butterfly(Shapes& s, const Palette& p, const Act& a) {
    const float open = a.moving ? 0.68f + 0.32f * std::cos(a.cycle * kTau) : 0.9f;  // wings fold towards the body
    for (const float side : {-1.f, 1.f}) {
        const float w = side * open;
        s.push_back(ellipse(19 * w, 14, 17 * open, 15, p.dark, 0.4f * side));
        s.push_back(ellipse(24 * w, -13, 23 * open, 18, p.main, -0.5f * side));
        s.push_back(ellipse(25 * w, -14, 12 * open, 9, p.light, -0.5f * side));
        s.push_back(ellipse(19 * w, 15, 8 * open, 7, p.light, 0.4f * side));
        s.push_back(line({{1.f * side, -20}, {8 * side, -36}}, 1.2f, kBlack));
        s.push_back(ellipse(8.5f * side, -37, 2.4f, 2.4f, kBlack));
    }
    s.push_back(ellipse(0, 0, 4.6f, 22, rgb8(84, 62, 70)));
    s.push_back(ellipse(0, -20, 6.4f, 6.4f, rgb8(84, 62, 70)));
    s.push_back(ellipse(-2.4f, -21, 1.4f, a.asleep ? 0.6f : 1.8f, kWhite));
    s.push_back(ellipse(2.4f, -21, 1.4f, a.asleep ? 0.6f : 1.8f, kWhite));
}

void rocket(Shapes& s, const Palette& p, const Act& a) {
    const float burn = 0.5f + 0.5f * std::sin(a.cycle * kTau), flame = a.asleep   ? 0.f
                                                                       : a.moving ? 10.f + 8.f * burn
                                                                                  : 5.f;
    if (flame > 0) {
        s.push_back(polygon({{-9, 24}, {9, 24}, {0, 26 + flame}}, rgb8(250, 150, 50), 3));
        s.push_back(polygon({{-4, 24}, {4, 24}, {0, 24 + flame * 0.6f}}, rgb8(255, 232, 120), 2));
    }
    s.push_back(polygon({{-12, 6}, {-27, 24}, {-25, 32}, {-10, 24}}, p.dark, 2));
    s.push_back(polygon({{12, 6}, {27, 24}, {25, 32}, {10, 24}}, p.dark, 2));
    s.push_back(ellipse(0, -6, 16, 34, p.main));
    s.push_back(polygon({{-11, -28}, {11, -28}, {6, -38}, {0, -43}, {-6, -38}}, p.dark, 1));
    s.push_back(ellipse(0, -10, 9.5f, 9.5f, kWhite));
    s.push_back(ellipse(0, -10, 7, 7, kGlass));
    s.push_back(line({{-13, 12}, {13, 12}}, 2.f, kWhite));
    s.push_back(polygon({{-3, 14}, {3, 14}, {3, 33}, {-3, 33}}, p.dark, 2));
}

}  // namespace

std::vector<Shape> subject_shapes(int subject, float cycle, bool moving, bool asleep) {
    const Ink main({0, 0, 0}, 1.f);
    // The shade is darker than a bright colour and lighter than black, so that a leg shows before every body.
    const Palette p{main, Ink(rgb8(28, 26, 32), 0.64f), mix(main, Ink(kWhite), 0.55f)};
    const Act a{cycle, moving, asleep};
    constexpr void (*draw[kSubjects])(Shapes&, const Palette&, const Act&) = {
        fox,       cat,    rabbit, bird, fish,  car,    boat, balloon, dog,   elephant,
        butterfly, rocket, horse,  tree, train, person, bear, flower,  house, ball};
    std::vector<Shape> s;
    draw[subject](s, p, a);
    return s;
}

}  // namespace zt::world
