// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What there is in the storybook world: the attributes of a clip and how many values each has.
// Everything that trains, captions or judges uses these tables.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace zt::world {

inline constexpr int kWidth = 256, kHeight = 144, kGroupFrames = 4;

enum Subject { kFox, kCat, kRabbit, kBird, kFish, kCar, kBoat, kBalloon, kSubjects };
enum Colour { kRed, kOrange, kYellow, kGreen, kBlue, kPurple, kColours };
enum Motion { kRun, kJump, kDance, kFly, kMotions };
enum Scene { kForest, kSnow, kBeach, kCity, kScenes };
enum Time { kDay, kNight, kTimes };
inline constexpr int kLayouts = 2, kPlaces = 1;

// One clip. layout and place are what a sentence does not say: which backdrop, where it starts.
struct Clip {
    int subject = 0, colour = 0, motion = 0, scene = 0, time = 0, layout = 0, place = 0;
};

inline constexpr int kAttributes = 5;   // subject, colour, motion, scene, time
inline constexpr std::array<int, kAttributes> kAttributeSizes{kSubjects, kColours, kMotions, kScenes, kTimes};
inline constexpr std::array<const char*, kAttributes> kAttributeNames{"subject", "colour", "motion", "scene", "time"};

[[nodiscard]] inline std::array<int, kAttributes> attributes(const Clip& c) {
    return {c.subject, c.colour, c.motion, c.scene, c.time};
}

// Held-out combinations of subject, colour and scene (one in eight): never trained on, so that a
// judge can tell composing from remembering.
[[nodiscard]] inline bool held_out(const Clip& c) {
    uint32_t h = static_cast<uint32_t>(c.subject * 73 + c.colour * 151 + c.scene * 283 + 17);
    h = (h ^ (h >> 4)) * 2654435761u;
    return ((h >> 13) & 7u) == 0;
}

// Groups of four frames after which a motion repeats.
[[nodiscard]] inline int period_groups(int motion) {
    constexpr std::array<int, kMotions> periods{2, 4, 4, 4};
    return periods[static_cast<size_t>(motion)];
}

// The group a clip starts at. The narrow world has one start per motion: the sentence does not say
// where, and a first prediction that has to average over places learns no shapes.
[[nodiscard]] inline int start_group(const Clip&) { return 0; }

}  // namespace zt::world
