// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A Wish: what a prompt asks for, as attributes and values of the lexicon. Torch-free.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "families/storybook/lexicon.h"

namespace zt::storybook {

inline constexpr int kMostActors = 3;  // on the stage together, counts included

struct ActorWish {
    int subject = -1;     // -1 with `unknown` set: somebody the model does not know
    std::string unknown;  // the word for a subject that is not known ("dragon"), else empty
    int colour = -1, motion = -1, direction = -1, size = -1;
    int count = 1;  // 1..3
    // Named by a pronoun alone ("it runs"), so an actor of the play shown so far is meant. With a subject ("she runs"):
    // a new actor of that subject, if no actor is shown.
    bool again = false;
};

// Values are indices into the lists of lexicon.h; -1 = not said.
struct Wish {
    std::vector<ActorWish> actors;  // in the order they are named; total count at most kMostActors
    int scene = -1, time = -1, weather = -1, camera = -1, style = -1;
    std::array<std::vector<int>, kAttributes> excluded;  // "no rain", "not in the snow", "without a fox"
    std::vector<std::string> not_understood;  // words with content that had no effect, as typed, each once, in order
    std::vector<std::string> notes;           // "five rabbits: three are shown" ... one plain sentence each
};

// Reads a prompt, English, Chinese or both. The same text gives the same wish. Never throws on any bytes but for
// want of memory; takes time linear in the length of the prompt.
[[nodiscard]] Wish read_sentence(const Lexicon& lexicon, std::string_view prompt);

}  // namespace zt::storybook
