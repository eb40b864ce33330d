// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Casting: a Wish (what the prompt asks for, wish.h) becomes a Play (what is drawn). The seed chooses every attribute
// that the prompt leaves open, from the values that config.json lists as going together. After a change of the prompt,
// attributes that the new one does not name keep their values. Torch-free.
#pragma once

#include <string>
#include <vector>

#include "families/storybook/wish.h"
#include "families/storybook/world.h"

namespace zt::storybook {

// A subject on the stage. Numbers are indices into the lists of World.
struct Actor {
    int subject = 0, colour = 0, motion = 0;
    int direction = -1;  // enum Direction; -1: moves about, but stays in the picture
    int size = -1;       // enum Size; -1: the seed chooses
    int slot = 0;        // 0..2, place in the list; random draws for this actor are keyed by it
};
enum Direction { kLeft, kRight, kNear, kFar };
enum Size { kSmall, kBig };

// Everything that decides what a clip shows, besides time.
struct Play {
    int64_t seed = 0;
    int scene = 0, time = 0, weather = 0, camera = 0, style = 0;
    std::vector<Actor> actors;  // at least one, at most three
};

struct CastResult {
    Play play;
    std::vector<std::string> open;  // names of the attributes that the seed chose, for the log
    // Why the seed had to choose a subject: "" it did not, "?" the prompt names none, else the word it does not know.
    std::string nobody;
};

// before: the play shown so far, or nullptr. Its values are kept for what the prompt leaves open, unless the seed is
// another one.
[[nodiscard]] CastResult cast(const World& world, const Wish& wish, int64_t seed, const Play* before);

// For the log: "a red fox runs, a blue cat sleeps; forest, night, rain, follow, neon".
[[nodiscard]] std::string tell(const World& world, const Play& play);
// "a red fox"
[[nodiscard]] std::string tell(const World& world, const Actor& actor);

}  // namespace zt::storybook
