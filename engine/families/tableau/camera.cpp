// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Camera moves; see camera.h.
#include "families/tableau/camera.h"

#include <algorithm>
#include <cmath>

namespace zt::tableau {
namespace {

constexpr float kNear = 0.32F;  // how much a whole zoom enlarges
constexpr float kPan = 0.2F;    // the enlargement that gives a pan its room
constexpr float kLeap = 0.2F;   // a zoom out first goes in so far, since nothing is known outside the picture
constexpr double kLeapSeconds = 1.5;

}  // namespace

CameraPath::Eye CameraPath::at(const Clock& clock, double seconds) const {
    Eye eye;
    const double length = seconds_ / move_.tempo;
    const float way = clock.way(seconds, length), much = move_.amount;
    // The room that an enlargement leaves on each side, in heights.
    const auto room = [](float zoom, float side) { return 0.5F * side * (1 - 1 / zoom); };
    const auto pan = [&](float dx, float dy) {
        const float early = clock.loop > 0 ? way : smooth(static_cast<float>(seconds / 2.0));
        eye.zoom = 1 + kPan * std::min(much, 2.F) * std::max(early, way);
        eye.x = dx * way * room(eye.zoom, aspect_), eye.y = dy * way * room(eye.zoom, 1);
    };
    const auto leap = [&](float size) {  // in at once, then slowly out
        if (clock.loop > 0) return 1 + size * way;
        const float in = smooth(static_cast<float>(seconds / kLeapSeconds)),
                    out = clock.way(std::max(0.0, seconds - 0.6 * kLeapSeconds), length);
        return 1 + size * in * (1 - out);
    };
    switch (move_.camera) {
        case kZoomIn: eye.zoom = 1 + kNear * much * way; break;
        case kZoomOut: eye.zoom = leap(kLeap * much); break;
        case kPanLeft: pan(-1, 0); break;
        case kPanRight: pan(1, 0); break;
        case kTiltUp: pan(0, -1); break;
        case kTiltDown: pan(0, 1); break;
        case kDollyIn: eye.zoom = 1 + 0.08F * much * way, eye.depth_zoom = 0.2F * much * way; break;
        case kDollyOut: {
            const float z = leap(1) - 1;
            eye.zoom = 1 + 0.08F * much * z, eye.depth_zoom = 0.16F * much * z;
            break;
        }
        case kOrbit: {
            const float begun = clock.loop > 0 ? way : smooth(static_cast<float>(seconds / 2.0));
            eye.zoom = 1 + 0.1F * std::min(much, 2.F) * begun;
            eye.depth_x = 0.055F * much * clock.swing(seconds, clock.rate(0.14 * move_.tempo), 0);
            break;
        }
        case kShake: {
            const float begun =
                clock.loop > 0 ? smooth(static_cast<float>(8 * std::min(seconds, clock.loop - seconds) / clock.loop))
                               : smooth(static_cast<float>(seconds / 0.7));
            const double f = 1.1 * move_.tempo;
            eye.zoom = 1 + 0.035F * std::min(much, 3.F) * begun;
            const auto hand = [&](double a, double b, double p) {
                return 0.6F * clock.swing(seconds, clock.rate(a * f), p) +
                       0.4F * clock.swing(seconds, clock.rate(b * f), 1.7 * p);
            };
            eye.x = 0.008F * much * begun * hand(0.8, 2.1, phase_),
            eye.y = 0.007F * much * begun * hand(1.0, 2.6, phase_ + 0.3);
            eye.roll = 0.006F * much * begun * hand(0.6, 1.7, phase_ + 0.6);
            break;
        }
        case kRoll: {
            eye.roll = 0.07F * std::min(much, 2.F) * clock.swing(seconds, clock.rate(0.12 * move_.tempo), 0);
            const float c = std::abs(std::sin(eye.roll));
            eye.zoom = 1 + c * std::max(aspect_, 1 / aspect_);
            break;
        }
        default: break;
    }
    return eye;
}

Vec seen(const CameraPath::Eye& eye, const Map& depth, float aspect, float x, float y) {
    const float cx = aspect / 2, cy = 0.5F;
    float dx = x - cx, dy = y - cy;
    if (eye.roll != 0) {
        const float c = std::cos(eye.roll), s = std::sin(eye.roll), rx = c * dx - s * dy;
        dy = s * dx + c * dy, dx = rx;
    }
    Vec at{cx + dx / eye.zoom + eye.x, cy + dy / eye.zoom + eye.y};
    if (eye.depth_zoom != 0 || eye.depth_x != 0) {
        const float near = depth.at(at.x / aspect, at.y), zoom = eye.zoom + eye.depth_zoom * near;
        at = {cx + dx / zoom + eye.x - eye.depth_x * (near - 0.5F), cy + dy / zoom + eye.y};
    }
    return at;
}

}  // namespace zt::tableau
