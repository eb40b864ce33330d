// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How things move: a displacement for every place of a picture and every moment. Torch-free.
//
// Places are in units of the picture's height: x from 0 to its aspect, y from 0 to 1 downwards. At time 0 nothing is
// displaced, so that a clip begins with the picture itself.
#pragma once

#include <cstdint>

#include "families/tableau/asked.h"
#include "families/tableau/sight.h"

namespace zt::tableau {

struct Vec {
    float x = 0, y = 0;
};

// Time as motions see it. In a loop every motion has gone a whole number of rounds at its end.
struct Clock {
    double loop = 0;  // seconds of a round; 0: the clip does not close
    // The nearest rate (rounds per second) at which a loop closes.
    [[nodiscard]] double rate(double wanted) const;
    // A swing of -1..1: sine of phase (in rounds) at that moment, starting from rest at 0.
    [[nodiscard]] float swing(double seconds, double rate, double phase) const;
    // From 0 up: how far something that only goes one way has gone after `seconds`, 1 after about `long_` of them; in a
    // loop there and back.
    [[nodiscard]] float way(double seconds, double long_) const;
    // 0 at first, soon 1; what motions that do not begin with 0 are multiplied by. In a loop 1.
    [[nodiscard]] float begun(double seconds) const;
};

// A rectangle and a middle, in units of height.
struct Extent {
    float left = 0, top = 0, right = 1, bottom = 1;
    [[nodiscard]] float width() const { return right - left; }
    [[nodiscard]] float height() const { return bottom - top; }
    [[nodiscard]] Vec centre() const { return {(left + right) / 2, (top + bottom) / 2}; }
};

// One motion of one part of the picture. Immutable.
struct Move {
    Motion motion = kSway;
    Map weight;     // how far places take part, 0..1; below 0 (of turning discs): nothing is to be seen there
    Extent extent;  // of the part
    float aspect = 1;
    float amount = 0;              // displacement, in the part's heights (of the picture for water and wind)
    double rate = 0.5;             // rounds per second
    double phase = 0, phase2 = 0;  // rounds
    float way_x = 1, way_y = 0;    // where to, or which way first
    bool leaves = false;           // it goes on out of the picture and comes back in at the other side
    bool lifted = false;           // it moves the layer that has been lifted out, not the picture
    bool goes_round = false;       // a spin that goes on and on, not to and fro
    bool upright = false;          // ... about an upright axis, like a card
    bool closes = false;           // a blink of an eye, not of a whole head
    float flat = 1;                // ... of a disc so much lower than it is wide
};

// What a move is at a moment: numbers that do not depend on the place.
struct Instant {
    float a = 0, b = 0, c = 0, d = 0;
    double seconds = 0;
};
[[nodiscard]] Instant instant_of(const Move& move, const Clock& clock, double seconds);
// Where something at (x, y) has gone. Flow is not displaced but looked through twice: see Look in choreography.h.
[[nodiscard]] Vec displaced(const Move& move, const Clock& clock, const Instant& now, float x, float y);

}  // namespace zt::tableau
