// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Motion as functions of time. Period and phase of what repeats are drawn from the seed. Paths are sums of two sines
// whose periods have an irrational ratio, so an endless clip does not repeat.
#include "families/storybook/pose.h"

#include <algorithm>
#include <cmath>

#include "families/storybook/draw.h"

namespace zt::storybook {
namespace {

constexpr double kTau = 6.283185307179586, kGolden = 1.618033988749895;
constexpr double kEntry = 2.2;  // seconds that an actor takes to come in
// Units per second. An actor that turns round is slower than this for a moment, and drawn narrow, like a paper figure
// seen from its edge.
constexpr double kTurning = 4;

struct Way {
    double x = 0, speed = 0;  // units from home; units per second
};

// A path to and fro of about `reach` units each way, with a speed of about `speed` at most.
Way to_and_fro(double seconds, double speed, double reach, double phase) {
    const double w = speed / reach, second = 0.24;
    return {
        reach * (std::sin(w * seconds + phase) + second * std::sin(w * kGolden * seconds + 2.1 * phase)),
        reach * w * (std::cos(w * seconds + phase) + second * kGolden * std::cos(w * kGolden * seconds + 2.1 * phase))};
}

double smooth(double t) {
    t = std::clamp(t, 0.0, 1.0);
    return t * t * (3 - 2 * t);
}

// Where in its motion an actor is. A motion repeats: a beat is one repetition, and each is a little different.
struct Rhythm {
    double t = 0;            // seconds at the actor's own tempo
    double phase = 0;        // at which part of a beat it begins, 0..1
    double beat = 0, u = 0;  // number of the beat; which part of it has passed, 0..1
    double swing = 0;        // -1..1, once to and fro in a beat
    double strong = 1;       // what swings is multiplied by it
    double side = 1;         // 1 or -1: which way round
};

Rhythm rhythm_of(const MotionInfo& m, uint64_t slot, int64_t seed, double seconds) {
    const auto once = [&](uint64_t what, double low, double high) {
        return even_draw(seed, draw_key(what, slot, 1), low, high);
    };
    Rhythm r;
    const double tempo = once(kHowFast, 0.86, 1.16);
    r.phase = once(kWhen, 0, 1), r.t = seconds * tempo;
    const double beats = r.t / m.beat + r.phase;
    r.beat = std::floor(beats), r.u = beats - r.beat;
    r.swing = std::sin(kTau * r.u);
    const auto lively = [&](double at) {
        return 0.86 +
               0.28 * random_draw(seed, draw_key(kWander, slot, static_cast<uint64_t>(static_cast<int64_t>(at))));
    };
    r.strong = lively(r.beat) + (lively(r.beat + 1) - lively(r.beat)) * smooth(r.u);  // goes over from one to the next
    r.side = once(kWhichWay, 0, 1) < 0.5 ? -1 : 1;
    return r;
}

// What changes while a pose is made: the pose, and of its picture the size, how far it is stretched upwards, and which
// way it looks (-1 left .. 1 right).
struct Draft {
    Pose p;
    double size = 1, stretch = 1, facing = 1;
};

// Where it goes. Who has said no way stays in the picture; who is followed stays while the world goes by.
void travel(Draft& d, const World& world, const Actor& actor, const MotionInfo& m, const ActorLayout& b,
            const Rhythm& r, double seconds) {
    if (actor.direction == kLeft || actor.direction == kRight) d.facing = actor.direction == kLeft ? -1 : 1;
    const double reach = std::min(m.travel * 1.4, 0.2 * b.room);
    if (actor.direction == kNear || actor.direction == kFar) {
        const double gone = 1 - std::exp(-seconds / 3.2);
        d.size *= actor.direction == kNear ? 0.5 + 0.95 * gone : 1.25 - 0.85 * gone;
        d.p.y += world.feet * (b.size - d.size);  // the feet stay on their line
        d.p.pivot = world.feet * d.size;
    } else if (m.travel > 0 && b.followed) {
        d.p.x += to_and_fro(r.t, 5, 9, kTau * r.phase).x;
    } else if (m.travel > 0 && actor.direction >= 0) {
        const double margin = 56 * d.size, around = world.width + 2 * margin, start = d.facing > 0 ? 0.3 : 0.7;
        const double far = start * world.width + margin + d.facing * m.travel * r.t;
        d.p.x = far - around * std::floor(far / around) - margin;
    } else if (m.travel > 0) {
        const Way way = to_and_fro(r.t, m.travel, std::max(reach, 8.0), kTau * r.phase);
        d.p.x += way.x;
        d.facing = std::clamp(way.speed / kTurning, -1.0, 1.0);
        if (std::abs(d.facing) < 0.12) d.facing = d.facing < 0 ? -0.12 : 0.12;
    } else {
        d.p.x += to_and_fro(r.t, 1.6, 2.4, kTau * r.phase).x;
    }
    if (m.air || m.floats > 0) d.p.y += r.strong * m.floats * r.swing + to_and_fro(r.t, 2, 3, 1 + kTau * r.phase).x;
}

// How it holds itself: hops, leans, turns, grows, breathes.
void hold(Draft& d, const World& world, const MotionInfo& m, const ActorLayout& b, const Rhythm& r) {
    if (m.bob > 0) d.p.y -= m.bob * r.strong * std::abs(std::sin(kTau * r.t / m.cycle / 2));
    if (m.hop > 0) {
        const double h = 4 * r.u * (1 - r.u);
        const double room = std::max(10.0, b.home_y - 1.5 * world.feet * b.size);  // not out of the picture
        d.p.y -= std::min(m.hop * b.size * r.strong, room) * h;
        d.stretch *= 1 - m.squash + 1.5 * m.squash * h;
    }
    if (m.sway > 0) d.p.x += m.sway * r.strong * r.swing;
    if (m.tilt != 0) d.p.turn = m.tilt * r.strong * r.swing;
    if (m.lean != 0) d.p.turn += m.lean * (d.facing < 0 ? -1 : 1);
    if (m.turn) {
        d.p.turn = kTau * (r.u + r.beat) * r.side;
        d.p.y -= m.lift * b.size;
        d.p.pivot = 0;
    }
    if (m.grow > 0) {
        const double grown = 1 + m.grow * r.strong * r.swing;
        d.p.y += world.feet * d.size * (1 - grown);
        d.size *= grown;
        d.p.pivot = world.feet * d.size;
    }
    if (m.breath > 0) d.stretch *= 1 + m.breath * r.strong * r.swing;
    if (d.stretch != 1 && !m.turn) d.p.y += world.feet * d.size * (1 - d.stretch);  // from the ground upwards
}

// From the nearer side, in the first seconds.
void enter(Draft& d, const World& world, double seconds) {
    const double come = smooth(seconds / kEntry),
                 from = d.p.x < world.width / 2 ? -64 * d.size : world.width + 64 * d.size;
    if (come < 1) d.p.wide = std::abs(d.p.wide) * (from < 0 ? 1 : -1);
    d.p.x = from + (d.p.x - from) * come;
}

}  // namespace

Pose Pose::between(const Pose& from, const Pose& to, double weight) {
    const auto mix = [&](double a, double b) { return a + (b - a) * weight; };
    Pose p = weight < 0.5 ? from : to;
    p.x = mix(from.x, to.x), p.y = mix(from.y, to.y), p.high = mix(from.high, to.high),
    p.pivot = mix(from.pivot, to.pivot);
    p.wide = mix(from.wide, to.wide);
    p.turn = from.turn + std::remainder(to.turn - from.turn, kTau) * weight;
    return p;
}

Pose pose_of(const World& world, const Actor& actor, const ActorLayout& b, int64_t seed, double seconds) {
    const MotionInfo& m = world.motions[static_cast<size_t>(actor.motion)];
    const Rhythm r = rhythm_of(m, static_cast<uint64_t>(actor.slot), seed, seconds);
    Draft d;
    d.p.pivot = world.feet * b.size;
    d.p.x = b.home_x, d.p.y = b.home_y;
    d.size = b.size, d.facing = r.side;
    travel(d, world, actor, m, b, r, seconds);
    hold(d, world, m, b, r);
    d.p.wide = d.facing * d.size * b.wide * (1 + 0.4 * (1 - d.stretch));
    d.p.high = d.size * d.stretch;
    d.p.pivot /= std::max(0.05, d.p.high);  // in units of the layer
    d.p.cell = static_cast<int64_t>(std::floor(8 * (r.t / m.cycle + r.phase)));
    if (b.enters) enter(d, world, seconds);
    return d.p;
}

}  // namespace zt::storybook
