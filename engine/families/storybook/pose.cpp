// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Motion as formulas of time. What repeats has a length and a phase that the seed draws, and each path is a sum of two
// swings whose lengths have no common multiple, so a clip never shows the same moment twice.
#include "families/storybook/pose.h"

#include <algorithm>
#include <cmath>

#include "families/storybook/draw.h"

namespace zt::storybook {
namespace {

constexpr double kTau = 6.283185307179586, kGolden = 1.618033988749895;
constexpr double kEntry = 2.2;  // seconds that an actor takes to come in
constexpr double kTurning = 4;  // units per second: below it who turns round is seen from the front, as thin paper

struct Way {
    double x = 0, speed = 0;  // units from home; units per second
};

// To and fro, about `reach` units, never faster than `speed` by much.
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

Pose pose_of(const World& world, const Actor& actor, const Bearing& b, int64_t seed, double seconds) {
    const MotionInfo& m = world.motions[static_cast<size_t>(actor.motion)];
    const auto slot = static_cast<uint64_t>(actor.slot);
    const auto once = [&](uint64_t what, double low, double high) {
        return by_seed(seed, question(what, slot, 1), low, high);
    };
    const double tempo = once(kHowFast, 0.86, 1.16), phase = once(kWhen, 0, 1), t = seconds * tempo;
    const double beats = t / m.beat + phase, beat = std::floor(beats),
                 u = beats - beat;  // which repetition, and where in it
    const double swing = std::sin(kTau * u);
    // Each repetition is a little different; between two of them it goes over.
    const auto lively = [&](double at) {
        return 0.86 + 0.28 * noise(seed, question(kWander, slot, static_cast<uint64_t>(static_cast<int64_t>(at))));
    };
    const double strong = lively(beat) + (lively(beat + 1) - lively(beat)) * smooth(u);

    Pose p;
    p.pivot = world.feet * b.size;
    p.x = b.home_x, p.y = b.home_y;
    double size = b.size, stretch = 1, facing = once(kWhichWay, 0, 1) < 0.5 ? -1 : 1;

    // Where it goes. Who has said no way stays in the picture; who is followed stays while the world goes by.
    if (actor.direction == kLeft || actor.direction == kRight) facing = actor.direction == kLeft ? -1 : 1;
    const double reach = std::min(m.travel * 1.4, 0.2 * b.room);
    if (actor.direction == kNear || actor.direction == kFar) {
        const double gone = 1 - std::exp(-seconds / 3.2);
        size *= actor.direction == kNear ? 0.5 + 0.95 * gone : 1.25 - 0.85 * gone;
        p.y += world.feet * (b.size - size);  // the feet stay on their line
        p.pivot = world.feet * size;
    } else if (m.travel > 0 && b.followed) {
        p.x += to_and_fro(t, 5, 9, kTau * phase).x;
    } else if (m.travel > 0 && actor.direction >= 0) {
        const double margin = 56 * size, around = world.width + 2 * margin, start = facing > 0 ? 0.3 : 0.7;
        const double far = start * world.width + margin + facing * m.travel * t;
        p.x = far - around * std::floor(far / around) - margin;
    } else if (m.travel > 0) {
        const Way way = to_and_fro(t, m.travel, std::max(reach, 8.0), kTau * phase);
        p.x += way.x;
        facing = std::clamp(way.speed / kTurning, -1.0, 1.0);
        if (std::abs(facing) < 0.12) facing = facing < 0 ? -0.12 : 0.12;
    } else {
        p.x += to_and_fro(t, 1.6, 2.4, kTau * phase).x;
    }
    if (m.air || m.floats > 0) p.y += strong * m.floats * swing + to_and_fro(t, 2, 3, 1 + kTau * phase).x;

    // How it holds itself.
    if (m.bob > 0) p.y -= m.bob * strong * std::abs(std::sin(kTau * t / m.cycle / 2));
    if (m.hop > 0) {
        const double h = 4 * u * (1 - u);
        const double room = std::max(10.0, b.home_y - 1.5 * world.feet * b.size);  // not out of the picture
        p.y -= std::min(m.hop * b.size * strong, room) * h;
        stretch *= 1 - m.squash + 1.5 * m.squash * h;
    }
    if (m.sway > 0) p.x += m.sway * strong * swing;
    if (m.tilt != 0) p.turn = m.tilt * strong * swing;
    if (m.lean != 0) p.turn += m.lean * (facing < 0 ? -1 : 1);
    if (m.turn) {
        p.turn = kTau * (u + beat) * (once(kWhichWay, 0, 1) < 0.5 ? -1 : 1);
        p.y -= m.lift * b.size;
        p.pivot = 0;
    }
    if (m.grow > 0) {
        const double grown = 1 + m.grow * strong * swing;
        p.y += world.feet * size * (1 - grown);
        size *= grown;
        p.pivot = world.feet * size;
    }
    if (m.breath > 0) stretch *= 1 + m.breath * strong * swing;
    if (stretch != 1 && !m.turn) p.y += world.feet * size * (1 - stretch);  // from the ground upwards
    p.wide = facing * size * b.wide * (1 + 0.4 * (1 - stretch));
    p.high = size * stretch;
    p.pivot /= std::max(0.05, p.high);  // in units of the layer
    p.cell = static_cast<int64_t>(std::floor(8 * (t / m.cycle + phase)));
    if (b.enters) {
        const double come = smooth(seconds / kEntry),
                     from = p.x < world.width / 2 ? -64 * size : world.width + 64 * size;
        if (come < 1) p.wide = std::abs(p.wide) * (from < 0 ? 1 : -1);
        p.x = from + (p.x - from) * come;
    }
    return p;
}

}  // namespace zt::storybook
