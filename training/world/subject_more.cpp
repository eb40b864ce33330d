// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Drawing of the eight younger subjects: horse, tree, train, person, bear, flower, house, ball.
#include "world/draw.h"

namespace zt::world {
namespace {

float swing(const Act& a, float by, float phase = 0) {
    return a.moving ? by * std::sin((a.cycle + phase) * kTau) : 0.f;
}
Point turned(float x, float y, float r, float angle) { return {x + r * std::cos(angle), y + r * std::sin(angle)}; }

// A leg of a galloping horse: the knee goes before the hoof.
void horse_leg(Shapes& s, float x, const Ink& ink, const Act& a, float phase) {
    const float foot = swing(a, 11, phase), knee = swing(a, 6, phase + 0.08f),
                lift = a.moving ? 3.5f * std::max(0.f, std::cos((a.cycle + phase) * kTau)) : 0.f;
    s.push_back(line({{x, 12}, {x + knee, 23}, {x + foot, 34 - lift}}, 3.6f, ink));
    s.push_back(line({{x + foot - 1, 35.4f - lift}, {x + foot + 2.4f, 35.4f - lift}}, 2.6f, rgb8(92, 72, 66)));
}

}  // namespace

void horse(Shapes& s, const Palette& p, const Act& a) {
    const float wave = std::sin(a.cycle * kTau) * 4.f, nod = swing(a, 1.5f, 0.25f);
    s.push_back(line({{-26, 2}, {-37, 6 + wave * 0.4f}, {-40, 24 + wave}}, 4.6f, p.dark));
    horse_leg(s, -14, p.dark, a, 0.55f);
    horse_leg(s, 9, p.dark, a, 0.05f);
    s.push_back(line({{2, -8}, {7, -22 + nod}, {15, -35 + nod}}, 5.6f, p.dark));  // mane
    s.push_back(ellipse(-5, 6, 25, 14, p.main));
    s.push_back(polygon({{2, 4}, {16, -30 + nod}, {28, -24 + nod}, {20, 8}}, p.main, 3));
    horse_leg(s, -20, p.main, a, 0);
    horse_leg(s, 15, p.main, a, 0.5f);
    s.push_back(polygon({{16, -30 + nod}, {17, -43 + nod}, {25, -33 + nod}}, p.main, 1));
    s.push_back(line({{24, -27 + nod}, {39, -14 + nod}}, 8.f, p.main));
    s.push_back(ellipse(41, -11 + nod, 7.6f, 6.6f, p.light));
    s.push_back(ellipse(44, -13 + nod, 1.5f, 1.5f, kBlack));
    s.push_back(line({{37, -7 + nod}, {43, -7 + nod}}, 0.8f, kBlack));
    s.push_back(line({{20, -37 + nod}, {28, -33 + nod}}, 3.2f, p.dark));  // forelock
    eye(s, 28, -24 + nod, a);
}

void bear(Shapes& s, const Palette& p, const Act& a) {
    const float step = swing(a, 8);
    s.push_back(ellipse(-34, 3, 6, 6, p.dark));
    s.push_back(line({{-10, 20}, {-10 - step, 32}}, 7.4f, p.dark));
    s.push_back(line({{8, 20}, {8 + step, 32}}, 7.4f, p.dark));
    s.push_back(ellipse(-5, 7, 30, 22, p.main));
    s.push_back(line({{-22, 18}, {-22 + step, 31}}, 8.f, p.main));
    s.push_back(line({{16, 18}, {16 - step, 31}}, 8.f, p.main));
    for (const float x : {9.f, 33.f}) {
        s.push_back(ellipse(x, -26, 7.6f, 7.6f, p.main));
        s.push_back(ellipse(x, -25.4f, 4.2f, 4.2f, p.light));
    }
    s.push_back(ellipse(21, -11, 20, 18, p.main));
    s.push_back(ellipse(25, -4, 11.5f, 9, p.light));
    s.push_back(ellipse(26, -8.4f, 4.6f, 3.6f, kBlack));
    s.push_back(line({{26, -6}, {26, -2}}, 0.9f, kBlack));
    s.push_back(line({{21.5f, -2.4f}, {26, -0.4f}, {30.5f, -2.4f}}, 0.9f, kBlack));
    eye(s, 13.5f, -15, a);
    eye(s, 33, -15, a);
}

void person(Shapes& s, const Palette& p, const Act& a) {
    const Rgb skin = rgb8(246, 204, 166), hair = rgb8(104, 66, 44), shoe = rgb8(110, 74, 58),
              jeans = rgb8(92, 118, 168);
    const float step = swing(a, 10), reach = swing(a, 9),
                bob = a.moving ? -1.2f * std::abs(std::cos(a.cycle * kTau)) : 0.f;
    s.push_back(line({{-8, -6 + bob}, {-14 + reach, 10}}, 4.f, p.dark));  // far arm
    s.push_back(ellipse(-14.4f + reach, 12, 3.8f, 3.8f, skin));
    s.push_back(line({{-4, 15 + bob}, {-4 - step, 33}}, 5.f, rgb8(74, 96, 142)));
    s.push_back(line({{-4 - step, 35}, {0.4f - step, 35}}, 3.f, shoe));
    s.push_back(line({{4, 15 + bob}, {4 + step, 33}}, 5.2f, jeans));
    s.push_back(line({{4 + step, 35}, {8.4f + step, 35}}, 3.f, shoe));
    s.push_back(polygon({{-8, -9 + bob}, {8, -9 + bob}, {11, 14 + bob}, {-11, 14 + bob}}, p.main, 4));
    s.push_back(line({{8, -6 + bob}, {14 - reach, 9}}, 4.4f, p.dark));
    s.push_back(ellipse(14.4f - reach, 11.4f, 4, 4, skin));
    s.push_back(ellipse(-2.4f, -26 + bob, 14.6f, 12.4f, hair));
    s.push_back(ellipse(2, -22.6f + bob, 14, 13, skin));
    s.push_back(ellipse(-12.6f, -20 + bob, 3, 3.6f, skin));  // ear
    s.push_back(polygon({{-14, -27 + bob}, {-12, -36 + bob}, {0, -40.6f + bob}, {12, -37 + bob}, {16, -28 + bob}},
                        p.main, 2));  // hat
    s.push_back(line({{-15, -27.6f + bob}, {17, -28 + bob}}, 3.2f, p.light));
    s.push_back(ellipse(1, -43 + bob, 4.6f, 4.6f, p.light));
    s.push_back(ellipse(-2, -16 + bob, 2.6f, 1.8f, rgb8(248, 166, 150)));
    s.push_back(ellipse(13, -16 + bob, 2.2f, 1.8f, rgb8(248, 166, 150)));
    s.push_back(line({{3.2f, -15.4f + bob}, {5, -14.2f + bob}, {7.4f, -14.2f + bob}, {9.2f, -15.4f + bob}}, 0.8f,
                     rgb8(160, 74, 66)));
    eye(s, 1.4f, -20.6f + bob, a, 0.78f);
    eye(s, 11, -20.6f + bob, a, 0.78f);
}

void flower(Shapes& s, const Palette& p, const Act& a) {
    const Rgb green = rgb8(72, 156, 76);
    const float sway = std::sin(a.cycle * kTau) * 3.6f, droop = a.asleep ? 4.f : 0.f, x = sway, y = -14 + droop;
    s.push_back(line({{0, 37}, {-2 + sway * 0.2f, 22}, {x * 0.7f, 4}, {x, y}}, 2.4f, green));
    s.push_back(ellipse(-12 + sway * 0.2f, 25, 12, 5.4f, green, 0.5f - sway * 0.02f));
    s.push_back(ellipse(11 + sway * 0.3f, 19, 12, 5.4f, rgb8(96, 178, 92), -0.5f - sway * 0.02f));
    constexpr int petals = 8;
    for (int i = 0; i < petals; i++) {
        const float angle = kTau * (static_cast<float>(i) + 0.5f) / petals + sway * 0.03f;
        const Point c = turned(x, y, 18.4f, angle);
        s.push_back(ellipse(c.x, c.y, 10.6f, 7.4f, i % 2 ? p.main : p.dark, angle));
    }
    for (int i = 1; i < petals; i += 2) {
        const float angle = kTau * (static_cast<float>(i) + 0.5f) / petals + sway * 0.03f;
        const Point c = turned(x, y, 20, angle);
        s.push_back(ellipse(c.x, c.y, 6, 3, p.light, angle));
    }
    s.push_back(ellipse(x, y, 13, 13, rgb8(250, 200, 62)));
    s.push_back(ellipse(x - 7.4f, y + 3.4f, 2.4f, 1.7f, rgb8(246, 150, 80)));
    s.push_back(ellipse(x + 7.4f, y + 3.4f, 2.4f, 1.7f, rgb8(246, 150, 80)));
    s.push_back(line({{x - 4, y + 4.4f}, {x, y + 6.6f}, {x + 4, y + 4.4f}}, 1.f, kBlack));
    eye(s, x - 4.6f, y - 2.4f, a, 0.72f);
    eye(s, x + 4.6f, y - 2.4f, a, 0.72f);
}

void tree(Shapes& s, const Palette& p, const Act& a) {
    const Rgb bark = rgb8(128, 88, 58), shade = rgb8(104, 70, 48);
    const float sway = std::sin(a.cycle * kTau) * 2.6f, rustle = std::sin((a.cycle + 0.2f) * kTau) * 1.2f;
    s.push_back(polygon({{-5, 2}, {5, 2}, {7, 32}, {13, 37.4f}, {-13, 37.4f}, {-7, 32}}, bark, 0.6f));
    s.push_back(line({{2, 14}, {15 + sway * 0.5f, -2}}, 2.6f, bark));
    s.push_back(line({{-2, 16}, {-14 + sway * 0.5f, 2}}, 2.6f, bark));
    s.push_back(line({{-2, 22}, {-1, 31}}, 0.9f, shade));
    s.push_back(line({{3, 12}, {3, 24}}, 0.9f, shade));
    s.push_back(ellipse(-20 + sway * 0.5f, -4 + rustle, 17, 14, p.dark));
    s.push_back(ellipse(21 + sway * 0.5f, -5 - rustle, 17, 14, p.dark));
    s.push_back(ellipse(0 + sway * 0.5f, -2, 20, 13, p.dark));
    s.push_back(ellipse(-14 + sway, -19 + rustle, 18, 16, p.main));
    s.push_back(ellipse(15 + sway, -19 - rustle, 18, 16, p.main));
    s.push_back(ellipse(0 + sway, -10, 19, 14, p.main));
    s.push_back(ellipse(1 + sway * 1.3f, -29, 17, 14, p.main));
    s.push_back(ellipse(-6 + sway * 1.3f, -32, 8, 5.4f, p.light, -0.3f));
    s.push_back(ellipse(-19 + sway, -20 + rustle, 6, 4.4f, p.light, -0.4f));
    s.push_back(ellipse(12 + sway, -21 - rustle, 6.6f, 4.4f, p.light, -0.2f));
    for (const auto& [x, y] : {std::pair{-24.f, -5.f}, {-3.f, -11.f}, {22.f, -8.f}, {7.f, -32.f}}) {  // apples
        s.push_back(ellipse(x + sway, y, 3.5f, 3.5f, rgb8(226, 56, 52)));
        s.push_back(ellipse(x + sway - 1.1f, y - 1.1f, 1.1f, 1.1f, rgb8(255, 190, 170)));
    }
}

void house(Shapes& s, const Palette& p, const Act& a) {
    const Rgb roof = rgb8(98, 88, 112), edge = rgb8(74, 66, 90);
    const Rgb window = a.asleep ? rgb8(84, 92, 130) : rgb8(255, 230, 138);
    const float lean = std::sin(a.cycle * kTau) * 1.6f;  // of the top; the foot stands
    const auto at = [&](float x, float y) { return Point{x + lean * (37.f - y) / 80.f, y}; };
    const auto box = [&](float l, float t, float r, float b, Ink c, float round = 0.5f) {
        s.push_back(polygon({at(l, t), at(r, t), at(r, b), at(l, b)}, c, round));
    };
    if (!a.asleep)
        for (int i = 0; i < 2; i++) {  // smoke of the hearth
            const float u = (static_cast<float>(i) + (a.moving ? a.cycle : 0.5f)) / 2.f,
                        r = (2.4f + 2.6f * u) * std::min({1.f, 6 * u, (1.f - u) * 5.f});
            if (r > 0.4f) s.push_back(ellipse(21 + lean + 5 * u, -34 - 9 * u, r, r, rgb8(226, 226, 232)));
        }
    box(16, -31, 25, -8, rgb8(172, 104, 88));
    box(14.6f, -33, 26.4f, -29, rgb8(140, 82, 72));
    box(-29, -6, 29, 37, p.main, 0.8f);
    box(-29, 32.6f, 29, 37, p.dark, 0.8f);
    s.push_back(polygon({at(-37, -3), at(0, -40), at(37, -3)}, roof, 2));
    s.push_back(line({at(-37, -2.4f), at(37, -2.4f)}, 1.8f, edge));
    s.push_back(ellipse(at(0, -18).x, -18, 6.6f, 6.6f, kWhite));
    s.push_back(ellipse(at(0, -18).x, -18, 4.8f, 4.8f, window));
    for (const float x : {-18.f, 18.f}) {
        box(x - 8, 4, x + 8, 20, kWhite, 1);
        box(x - 6, 6, x + 6, 18, window, 0.2f);
        s.push_back(line({at(x, 6), at(x, 18)}, 0.8f, kWhite));
        s.push_back(line({at(x - 6, 12), at(x + 6, 12)}, 0.8f, kWhite));
        box(x - 8, 21, x + 8, 23, rgb8(108, 168, 84), 1);
    }
    box(-6.6f, 12, 6.6f, 37, p.light, 1.4f);
    box(-5, 14, 5, 37, rgb8(150, 98, 62), 1);
    s.push_back(ellipse(at(2.8f, 26).x, 26, 1.3f, 1.3f, rgb8(250, 210, 90)));
}

void ball(Shapes& s, const Palette& p, const Act& a) {
    constexpr float x = 0, y = 10, r = 28;
    constexpr int pairs = 4;
    const float turn = (a.moving ? a.cycle : 0.f) * kTau / pairs;  // the pattern repeats after a quarter turn
    s.push_back(ellipse(x, y, r, r, kWhite));
    for (int i = 0; i < pairs; i++) {
        const float from = turn + kTau * static_cast<float>(i) / pairs;
        std::vector<Point> wedge{{x, y}};
        for (int k = 0; k <= 10; k++)
            wedge.push_back(turned(x, y, r - 0.4f, from + kTau / (2 * pairs) * static_cast<float>(k) / 10));
        s.push_back(polygon(wedge, p.main));
    }
    for (int i = 0; i < 2 * pairs; i++) {
        const float angle = turn + kTau * static_cast<float>(i) / (2 * pairs);
        s.push_back(line({turned(x, y, 5, angle), turned(x, y, r - 0.8f, angle)}, 0.8f, p.dark));
    }
    s.push_back(ellipse(x, y, 5.4f, 5.4f, p.dark));
    s.push_back(ellipse(x, y, 3.6f, 3.6f, p.light));
    std::vector<Point> away;  // the side away from the light
    for (int k = 0; k <= 16; k++) away.push_back(turned(x, y, r - 1.2f, -0.75f + 3.1f * static_cast<float>(k) / 16));
    for (int k = 16; k >= 0; k--)
        away.push_back(turned(x - 7, y - 7.6f, r + 1.4f, -0.6f + 2.8f * static_cast<float>(k) / 16));
    Shape shade = polygon(away, kBlack), gleam = ellipse(x - 12, y - 14, 7.4f, 4, kWhite, -0.8f);
    shade.opacity = 0.13f, gleam.opacity = 0.75f;
    s.push_back(shade);
    s.push_back(gleam);
}

void train(Shapes& s, const Palette& p, const Act& a) {
    const Rgb iron = rgb8(70, 70, 84), brass = rgb8(250, 206, 96), roof = rgb8(92, 86, 104);
    const float turn = (a.moving ? a.cycle : 0.f) * kTau;
    if (!a.asleep)
        for (int i = 0; i < 3; i++) {  // smoke drifts back and grows, then is gone
            const float u = (static_cast<float>(i) + (a.moving ? a.cycle : 0.3f)) / 3.f,
                        r = (3.6f + 5 * u) * std::min({1.f, 6 * u + 0.3f, (1.f - u) * 5.5f});
            if (r > 0.5f)
                s.push_back(ellipse(25 - 40 * u, -34 - 8 * u, r * 1.15f, r, mix(rgb8(214, 214, 222), kWhite, u)));
        }
    s.push_back(polygon({{20, -10}, {30, -10}, {32, -27}, {18, -27}}, iron, 0.8f));
    s.push_back(line({{17.6f, -27}, {32.4f, -27}}, 2.2f, p.dark));
    s.push_back(ellipse(6, -9, 6, 7, brass));                                   // dome
    s.push_back(polygon({{-8, -8}, {34, -8}, {34, 14}, {-8, 14}}, p.main, 3));  // boiler
    s.push_back(line({{-8, -4.4f}, {34, -4.4f}}, 1.6f, p.light));
    for (const float x : {4.f, 20.f}) s.push_back(line({{x, -10}, {x, 15}}, 1.2f, p.dark));
    s.push_back(ellipse(38, 3, 4, 11, iron));
    s.push_back(ellipse(39, -3, 3.6f, 3.8f, rgb8(255, 240, 160)));
    s.push_back(polygon({{-37, -24}, {-10, -24}, {-10, 15}, {-37, 15}}, p.main, 2));  // cab
    s.push_back(polygon({{-32, -18}, {-15, -18}, {-15, -3}, {-32, -3}}, kWhite, 1.4f));
    s.push_back(polygon({{-31, -17}, {-16, -17}, {-16, -4}, {-31, -4}}, a.asleep ? rgb8(84, 92, 130) : kGlass, 0.6f));
    s.push_back(line({{-41, -27}, {-6, -27}}, 3.f, roof));
    s.push_back(line({{-38, 6}, {-9, 6}}, 1.4f, p.light));
    s.push_back(polygon({{-42, 15}, {42, 15}, {42, 20}, {-42, 20}}, iron, 0.8f));
    s.push_back(polygon({{36, 20}, {42, 20}, {49, 35}, {36, 35}}, p.dark, 1));  // cowcatcher
    for (const float x : {-25.f, -1.f, 22.f}) {
        s.push_back(ellipse(x, 26, 11, 11, kTyre));
        s.push_back(ellipse(x, 26, 8, 8, p.dark));
        for (int i = 0; i < 3; i++) {
            const float angle = turn + kTau * static_cast<float>(i) / 6;
            s.push_back(line({turned(x, 26, 7.4f, angle), turned(x, 26, -7.4f, angle)}, 0.8f, kTyre));
        }
        s.push_back(ellipse(x, 26, 2.4f, 2.4f, brass));
    }
    const float rx = 5.6f * std::cos(turn), ry = 5.6f * std::sin(turn);  // coupling rod
    s.push_back(line({{-25 + rx, 26 + ry}, {22 + rx, 26 + ry}}, 1.7f, rgb8(206, 208, 216)));
}

}  // namespace zt::world
