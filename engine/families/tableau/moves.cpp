// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The formulas of all motions; see moves.h.
#include "families/tableau/moves.h"

#include <algorithm>
#include <cmath>

namespace zt::tableau {
namespace {

constexpr double kTau = 6.283185307179586;
constexpr float kFullTurn = 6.2831853F;
constexpr float kBeyond = 1e4F;  // so many times as far away nothing is in the picture
constexpr double kBegins = 0.9;  // seconds until a motion is whole

double fraction(double v) { return v - std::floor(v); }

// A jump's height 0..1 and how far it crouches 0..1, by the share of a round.
void jump(double round, float& high, float& crouched) {
    const auto p = static_cast<float>(fraction(round));
    const float air = (p - 0.25F) / 0.5F;
    high = air > 0 && air < 1 ? 4 * air * (1 - air) : 0.F;
    const auto press = [&](float middle, float half) { return std::max(0.F, 1 - std::abs(p - middle) / half); };
    crouched = smooth(press(0.13F, 0.12F)) + 0.8F * smooth(press(0.83F, 0.1F));
}

// Two short beats, then a rest.
float beat(double round) {
    const auto p = static_cast<float>(fraction(round));
    const auto hit = [&](float at) { return std::exp(-40 * (p - at) * (p - at) * 4); };
    return p < 0.85F ? (hit(0.2F) + 0.6F * hit(0.45F)) * smooth(p / 0.1F) * smooth((0.85F - p) / 0.15F) : 0.F;
}

// Smooth, without a pattern that the eye finds.
float wander(float x, float y, float p) {
    return std::sin(5.1F * x + 1.3F * y + p) + std::sin(-2.2F * x + 3.7F * y + 2.1F * p) +
           0.5F * std::sin(9.3F * x - 6.1F * y + 3.3F * p);
}

// A place (x, y) that takes part in a move, as the formulas need it.
struct Spot {
    const Move& m;
    const Clock& clock;
    const Instant& now;
    float x, y;
    float w, h;        // of the part that moves
    float up, beside;  // how far above the part's bottom, in its heights; from its middle to the side
    float below;       // from its middle downwards
    float share, k;    // how far the place takes part; how far it goes
    // A wave that comes through here: its phase grows with the way, and it is at rest at first.
    [[nodiscard]] float wave(float phase) const {
        const float p = phase + kFullTurn * static_cast<float>(m.phase);
        return clock.loop > 0 ? std::sin(p - now.d) - std::sin(p) : now.c * std::sin(p - now.d);
    }
    // The same at another rate.
    [[nodiscard]] float second(float phase, float faster) const {
        const double r = clock.rate(static_cast<double>(faster) * m.rate);
        const float p = phase + kFullTurn * static_cast<float>(m.phase2),
                    at = static_cast<float>(fraction(r * now.seconds)) * kFullTurn;
        return clock.loop > 0 ? std::sin(p - at) - std::sin(p) : now.c * std::sin(p - at);
    }
    // How much nearer than its rim a place of a ball is, 0..1.
    [[nodiscard]] float near() const {
        const float rho2 = beside * beside / (0.25F * w * w) + below * below / (0.25F * h * h);
        return rho2 < 1 ? (1 - rho2) * std::sqrt(1 - rho2) : 0.F;
    }
};

// Like a stalk: the foot stays, the tip goes farthest and a little down.
Vec swayed(const Spot& s) {
    const float swing = s.now.a + 0.12F * s.now.b, tip = std::pow(std::min(s.up, 1.3F), 1.6F);
    return {s.k * s.h * swing * tip * (s.m.way_x < 0 ? -1.F : 1.F),
            0.5F * s.k * s.k * s.h * swing * swing * s.up * s.up};
}

Vec drifted(const Spot& s) {
    if (s.m.leaves) return {s.m.way_x * s.now.a, s.m.way_y * s.now.a};
    const float along = s.now.a, across = 0.35F * s.now.b;
    return {s.k * s.h * (s.m.way_x * along - s.m.way_y * across), s.k * s.h * (s.m.way_y * along + s.m.way_x * across)};
}

Vec rippled(const Spot& s) {
    const float deep = std::clamp((s.y - s.m.extent.top) / s.h, 0.F, 1.F),
                phase = kFullTurn * 4 * std::log1p(9 * deep);  // rows are nearer to each other far away
    const float size = 0.25F + deep;
    return {0.7F * s.k * size * s.second(0.8F * phase + 5 * s.x, 1.27F),
            s.k * size * s.wave(phase + 1.4F * std::sin(4 * s.x))};
}

// Cloth: held at the upper left, free at the other end.
Vec waved(const Spot& s) {
    const Extent& e = s.m.extent;
    const float free = std::clamp(0.5F * ((s.x - e.left) / s.w + (s.y - e.top) / s.h), 0.F, 1.F),
                phase = kFullTurn * (1.3F * (s.x - e.left) / s.w + 0.6F * (s.y - e.top) / s.h);
    return {0.5F * s.k * s.h * free * s.second(1.2F * phase, 1.4F), s.k * s.h * free * s.wave(phase)};
}

// The chest widens, what is above it rises.
Vec breathed(const Spot& s) {
    const float chest = std::exp(-8 * (s.up - 0.55F) * (s.up - 0.55F));
    return {1.2F * s.k * s.now.a * chest * s.beside, -s.k * s.now.a * s.h * std::min(1.F, s.up / 0.6F)};
}

// Of an eye that closes: the lids' skin is drawn over the eye, which is pressed into a slit.
Vec blinked(const Spot& s) {
    if (!s.m.closes) return {-0.3F * s.k * s.now.a * s.beside, s.k * s.now.a * -s.below};
    const float rx = s.beside / (0.5F * s.w), r = s.below / (0.5F * s.h), far = std::abs(r);
    if (std::abs(rx) >= 1 || far >= 1) return {};
    const float pressed = std::pow(far, 1 - 0.72F * s.now.a * smooth(1.6F - 1.6F * std::abs(rx)));
    return {0, 0.5F * s.h * (far - pressed) * (r < 0 ? -1.F : 1.F)};
}

Vec blown(const Spot& s) {
    const float n = wander(s.x, s.y, kFullTurn * static_cast<float>(s.m.phase)),
                at = 2.5F * kFullTurn * 0.5F * (s.m.way_x * s.x) + 1.6F * n;
    const float gust = 0.65F + 0.35F * std::sin(1.7F * s.x + n);
    return {s.k * gust * (s.wave(at) + 0.5F * s.second(1.7F * at + 2 * n, 1.7F)),
            0.4F * s.k * gust * s.second(1.3F * at - n, 1.3F)};
}

Vec spun(const Spot& s) {
    const Move& m = s.m;
    const float angle = m.goes_round ? -s.now.d * (m.way_x < 0 ? -1.F : 1.F) : s.k * s.now.a, cosine = std::cos(angle),
                sine = std::sin(angle), dy = s.below / m.flat;
    // A card seen from its edge is not seen at all: its pixels are looked for beyond the picture.
    if (m.upright) return {s.beside - s.beside / (std::abs(cosine) < 0.01F ? 0.01F : cosine), 0};
    const float out =
        s.share < 0 ? kBeyond : 1;  // along the same ray, so that no disc lies between here and what turns beside
    return {s.beside - out * (cosine * s.beside + sine * dy),
            m.flat * (dy - out * (cosine * dy - sine * s.beside))};  // what is seen here was turned back by as much
}

}  // namespace

double Clock::rate(double wanted) const { return loop > 0 ? std::max(1.0, std::round(wanted * loop)) / loop : wanted; }

float Clock::begun(double seconds) const { return loop > 0 ? 1.F : smooth(static_cast<float>(seconds / kBegins)); }

float Clock::swing(double seconds, double rate, double phase) const {
    if (loop > 0) return static_cast<float>(std::sin(kTau * (rate * seconds + phase)) - std::sin(kTau * phase));
    // A second swing that is never in step, so that it does not look like a machine.
    return begun(seconds) * static_cast<float>(0.82 * std::sin(kTau * (rate * seconds + phase)) +
                                               0.3 * std::sin(kTau * (0.61 * rate * seconds + 1.7 * phase)));
}

float Clock::way(double seconds, double long_) const {
    if (loop > 0) return static_cast<float>(0.5 - 0.5 * std::cos(kTau * seconds / loop));
    const double gone = seconds - kBegins * (1 - std::exp(-seconds / kBegins));  // starts from rest
    return static_cast<float>(1 - std::exp(-2.2 * gone / long_));
}

Instant instant_of(const Move& m, const Clock& clock, double seconds) {
    Instant now;
    now.seconds = seconds;
    const double r = clock.rate(m.rate);
    switch (m.motion) {
        case kHop: jump(r * seconds, now.a, now.b); break;
        case kPulse: now.a = beat(r * seconds); break;
        case kBlink: {  // short, now and then
            const auto p = static_cast<float>(fraction(r * seconds));
            now.a = smooth(1 - std::abs(p - 0.5F) / 0.09F);
            break;
        }
        case kBreathe: now.a = static_cast<float>(0.5 - 0.5 * std::cos(kTau * r * seconds)); break;
        case kFlap: now.a = static_cast<float>(0.5 - 0.5 * std::cos(kTau * r * seconds)) * clock.begun(seconds); break;
        case kGrow:
        case kShrink: now.a = clock.way(seconds, 3 / std::max(0.05, 3 * m.rate)); break;
        case kTremble: {
            const double f = clock.rate(m.rate), g = clock.rate(1.37 * m.rate);
            now.a = clock.swing(seconds, f, m.phase), now.b = clock.swing(seconds, g, m.phase2);
            break;
        }
        case kFall:
            if (!m.leaves) {
                now.a = static_cast<float>(fraction(r * seconds)),
                now.b = clock.swing(seconds, clock.rate(2.3 * m.rate), m.phase2);
                break;
            }
            [[fallthrough]];
        case kDrift:
            if (m.leaves) {  // one round: out at one side and back from the other to where it was
                const Extent& e = m.extent;
                const bool aside = std::abs(m.way_x) > std::abs(m.way_y);
                const float before =
                    aside ? (m.way_x > 0 ? e.right : m.aspect - e.left) : (m.way_y > 0 ? e.bottom : 1 - e.top);
                const float all = (aside ? m.aspect + e.width() : 1 + e.height()) + 0.1F, at = (before + 0.05F) / all;
                const double begun = clock.loop > 0 ? seconds : seconds - kBegins * (1 - std::exp(-seconds / kBegins));
                now.a = all * (static_cast<float>(fraction(r * begun + static_cast<double>(at))) - at);
                break;
            }
            now.a = clock.swing(seconds, r, m.way_x != 0 || m.way_y != 0 ? 0 : m.phase),
            now.b = clock.swing(seconds, clock.rate(1.9 * m.rate), m.phase2);
            break;
        case kSpin: {
            const double gone = clock.loop > 0 ? seconds : seconds - kBegins * (1 - std::exp(-seconds / kBegins));
            now.a = clock.swing(seconds, r, m.phase), now.d = static_cast<float>(fraction(r * gone)) * kFullTurn;
            break;
        }
        default:
            now.a = clock.swing(seconds, r, m.phase), now.b = clock.swing(seconds, clock.rate(1.6 * m.rate), m.phase2);
            now.c = clock.begun(seconds);
            now.d = static_cast<float>(fraction(r * seconds)) * kFullTurn;
    }
    return now;
}

Vec displaced(const Move& m, const Clock& clock, const Instant& now, float x, float y) {
    const Extent& e = m.extent;
    const Vec mid = e.centre();
    const float least = m.closes ? 1e-3F : 0.05F, h = std::max(e.height(), least), w = std::max(e.width(), least);
    const float up = std::max(0.F, (e.bottom - y) / h), beside = x - mid.x;
    const float share = m.weight.at(x / m.aspect, y), k = m.amount * share;
    if (share == 0) return {};
    const Spot s{m, clock, now, x, y, w, h, up, beside, y - mid.y, share, k};
    switch (m.motion) {
        case kSway: return swayed(s);
        case kBounce: return {0.6F * k * now.a * beside, k * now.a * std::min(up, 1.2F) * h};
        case kHop: return {0.25F * k * now.b * beside, k * h * (0.5F * now.b * std::min(up, 1.2F) - 1.8F * now.a)};
        case kFall:  // of all specks alike, so that the layer stays whole
            return m.leaves ? Vec{0, now.a} : Vec{k * now.b, m.way_y * now.a};
        case kDrift: return drifted(s);
        case kRipple: return rippled(s);
        case kWave: return waved(s);
        case kBreathe: return breathed(s);
        case kPulse: return {k * now.a * beside, k * now.a * (y - mid.y)};
        case kBlink: return blinked(s);
        case kWind: return blown(s);
        case kSpin: return spun(s);
        case kTurn:  // a ball that turns: its middle goes farther than its rim
            return {k * w * now.a * s.near() * (m.way_x < 0 ? -1.F : 1.F), 0.2F * k * h * now.b * s.near()};
        case kNod: return {0.15F * k * w * now.b * s.near(), k * h * now.a * s.near()};
        case kTremble: return {k * h * now.a, 0.7F * k * h * now.b};
        case kGrow: return {k * now.a * beside, k * now.a * (y - e.bottom)};
        case kShrink: return {-k * now.a * beside, -k * now.a * (y - e.bottom)};
        case kSwim:
            return {0.15F * k * h * now.b, k * h * (0.4F + std::abs(beside) / w) *
                                               s.wave(kFullTurn * 1.2F * (m.way_x < 0 ? -1.F : 1.F) * beside / w)};
        case kFlap:
            return {-k * now.a * beside * std::min(1.F, 2 * std::abs(beside) / w),
                    0.25F * k * now.a * std::abs(beside)};
        default: return {};
    }
}

}  // namespace zt::tableau
