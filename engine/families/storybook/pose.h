// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where a subject is and how it holds itself at a moment. Torch-free.
#pragma once

#include "families/storybook/casting.h"
#include "families/storybook/world.h"

namespace zt::storybook {

inline constexpr double kHourComes = 2;  // seconds in which night falls on a given picture, and rain begins
inline constexpr double kHorizon = 100;  // units; below it the sky has one colour

struct Pose {
    double x = 0, y = 0;         // of the anchor, units
    double wide = 1, high = 1;   // negative width: it looks the other way
    double turn = 0, pivot = 0;  // radians about a point below the anchor, units
    int64_t cell = 0;            // which of the pictures
    // weight of the way from one to the other; the pictures of the nearer one.
    [[nodiscard]] static Pose between(const Pose& from, const Pose& to, double weight);
};

// What the seed gives an actor once and for all.
struct Bearing {
    double size = 1, wide = 1;         // how big, how broad
    double home_x = 128, home_y = 98;  // where the anchor is at rest
    double room = 256;                 // units of the stage that it has for itself
    bool enters = false;               // comes in from the side, as into a given picture
    bool followed = false;             // by the camera: it stays, the world goes by
};

[[nodiscard]] Pose pose_of(const World& world, const Actor& actor, const Bearing& bearing, int64_t seed,
                           double seconds);

}  // namespace zt::storybook
