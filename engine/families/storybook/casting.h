// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From what a sentence says to what is shown: the seed decides what is left open, from what goes together, and what was
// shown before stays where the words do not touch it. Torch-free.
#pragma once

#include <string>
#include <vector>

#include "families/storybook/wish.h"
#include "families/storybook/world.h"

namespace zt::storybook {

// Indices into the world's lists, all decided.
struct Actor {
    int subject = 0, colour = 0, motion = 0;
    int direction = -1;  // kLeft and so on; -1: none, it stays in the picture
    int size = -1;       // kSmall, kBig; -1: as the seed has it
    int slot = 0;        // which of the actors: what the seed decides belongs to this
};
enum Direction { kLeft, kRight, kNear, kFar };
enum Size { kSmall, kBig };

struct Play {
    int64_t seed = 0;
    int scene = 0, time = 0, weather = 0, camera = 0, style = 0;
    std::vector<Actor> actors;  // at least one, at most three
};

// What of a play no sentence has said.
struct Drawn {
    Play play;
    std::vector<std::string> open;  // names of attributes that the seed decided
    std::string nobody;  // why the subject is drawn: empty, "?" (none was named) or the word that is not known
};

// before: what is shown so far, or nullptr. Where it has the same seed, it keeps what the words leave open.
[[nodiscard]] Drawn cast(const World& world, const Wish& wish, int64_t seed, const Play* before);

// "a red fox runs, a blue cat sleeps; forest, night, rain, follow, neon"
[[nodiscard]] std::string tell(const World& world, const Play& play);
// "a red fox"
[[nodiscard]] std::string tell(const World& world, const Actor& actor);

}  // namespace zt::storybook
