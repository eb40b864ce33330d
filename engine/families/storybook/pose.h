// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The pose of an actor at a given time: position, scale, rotation and animation frame. Torch-free.
#pragma once

#include "families/storybook/casting.h"
#include "families/storybook/world.h"

namespace zt::storybook {

// Where the clip begins with a given picture, time of day and weather fade in over so many seconds.
inline constexpr double kHourComes = 2;
inline constexpr double kHorizon = 100;  // units from the top; the sky's gradient ends here

struct Pose {
    double x = 0, y = 0;         // position of the anchor, units
    double wide = 1, high = 1;   // scale; negative width: it looks the other way
    double turn = 0, pivot = 0;  // rotation in radians; the point it turns about, units below the anchor
    int64_t cell = 0;            // frame of the sprite's animation
    // Interpolates; weight 0 is `from`. The animation frame is that of the nearer one.
    [[nodiscard]] static Pose between(const Pose& from, const Pose& to, double weight);
};

// What stays the same for an actor during a play; drawn from the seed.
struct ActorLayout {
    double size = 1, wide = 1;         // scale; width beside it
    double home_x = 128, home_y = 98;  // position of the anchor at rest
    double room = 256;                 // width of its part of the stage, units
    bool enters = false;               // walks in from the side (where the clip begins with a given picture)
    bool followed = false;             // by the camera: it stays in place and the background moves
};

[[nodiscard]] Pose pose_of(const World& world, const Actor& actor, const ActorLayout& layout, int64_t seed,
                           double seconds);

}  // namespace zt::storybook
