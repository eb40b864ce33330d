// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Helpers to draw subjects: common colours, eyes, legs.
#pragma once

#include <array>
#include <vector>

#include "world/paint.h"

namespace zt::world {

inline const Rgb kWhite = rgb8(252, 250, 244), kBlack = rgb8(28, 26, 34), kWood = rgb8(128, 84, 52),
                 kBeak = rgb8(246, 176, 40), kGlass = rgb8(188, 226, 246), kTyre = rgb8(46, 46, 54),
                 kRose = rgb8(246, 160, 170);
inline constexpr float kTau = 6.2831853f;

struct Palette {
    Ink main, dark, light;
};

// Frame of a subject's animation.
struct Act {
    float cycle;  // phase 0..1 of a step or a beat of the wings
    bool moving, asleep;
};

using Shapes = std::vector<Shape>;

// With a white rim, so that it is visible on black; closed when asleep.
void eye(Shapes& s, float x, float y, const Act& a, float size = 1);

// Four legs that swing in opposite pairs; standing straight when the subject does not walk.
void legs(Shapes& s, const Palette& p, float back, float front, float top, const Act& a);

void horse(Shapes& s, const Palette& p, const Act& a);
void tree(Shapes& s, const Palette& p, const Act& a);
void train(Shapes& s, const Palette& p, const Act& a);
void person(Shapes& s, const Palette& p, const Act& a);
void bear(Shapes& s, const Palette& p, const Act& a);
void flower(Shapes& s, const Palette& p, const Act& a);
void house(Shapes& s, const Palette& p, const Act& a);
void ball(Shapes& s, const Palette& p, const Act& a);

}  // namespace zt::world
