// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where in the picture a motion is: Choreography::place_of. Torch-free.
#include <algorithm>
#include <cmath>

#include "families/tableau/choreography.h"
#include "families/tableau/discs.h"
#include "families/tableau/manners.h"

namespace zt::tableau {
namespace {

constexpr float kWithinRim = 0.78F;

Extent extent_of(const Body& b, float aspect) { return {b.left * aspect, b.top, b.right * aspect, b.bottom}; }

// The head of whoever stands upright: the upper part of where he is.
Extent head_of(const Map& subject, const Extent& body, float aspect) {
    const float part = std::min(0.34F * body.height(), 0.8F * body.width());
    float sum = 0, x_sum = 0;
    int rows = 0;
    for (int y = 0; y < subject.height; y++) {
        const float py = (static_cast<float>(y) + 0.5F) / static_cast<float>(subject.height);
        if (py < body.top || py > body.top + part) continue;
        rows++;
        for (int x = 0; x < subject.width; x++) {
            const float v = subject.row(y)[x];
            sum += v, x_sum += v * (static_cast<float>(x) + 0.5F) / static_cast<float>(subject.width) * aspect;
        }
    }
    const float cx = sum > 0 ? x_sum / sum : body.centre().x;
    const float wide =
        rows > 0 ? sum / static_cast<float>(rows) / static_cast<float>(subject.width) * aspect : body.width();
    const float half = std::clamp(0.62F * wide, 0.12F * body.height(), 0.5F * std::max(body.width(), part));
    return {cx - half, body.top - 0.15F * part, cx + half, body.top + 1.15F * part};
}

// How far the middle of a spin goes round at a place of its disc, 0..1: at the rim nothing, so that nothing tears.
float swirled(const Extent& disc, float x, float y) {
    const Vec mid = disc.centre();
    return smooth(1.15F - 1.15F * std::hypot((x - mid.x) / std::max(0.5F * disc.width(), 0.02F),
                                             (y - mid.y) / std::max(0.5F * disc.height(), 0.02F)));
}

// What lies around the subject moves without him; where most of him is of it (clouds alone in the sky), with him.
Map beside_subject(const Map& map, const Sight& s, const Map& subject) {
    float of_it = 0, his = 0;
    for (size_t i = 0; i < map.values.size(); i++)
        of_it += map.values[i] * s.subject.values[i], his += s.subject.values[i];
    if (of_it > 0.5F * his) return map;
    return made(map,
                [&](float, float, int x, int y) { return map.row(y)[x] * (1 - 0.85F * s.sure * subject.row(y)[x]); });
}

// One side of the picture, with a soft border.
Map half_of(Region region, const Map& like, float aspect, Extent& extent) {
    switch (region) {
        case kLeftSide:
            extent = {0, 0, 0.5F * aspect, 1};
            return made(like, [](float x, float, int, int) { return smooth((0.62F - x) / 0.3F); });
        case kRightSide:
            extent = {0.5F * aspect, 0, aspect, 1};
            return made(like, [](float x, float, int, int) { return smooth((x - 0.38F) / 0.3F); });
        case kUpperPart:
            extent = {0, 0, aspect, 0.55F};
            return made(like, [](float, float y, int, int) { return smooth((0.65F - y) / 0.4F); });
        default:
            extent = {0, 0.45F, aspect, 1};
            return made(like, [](float, float y, int, int) { return smooth((y - 0.4F) / 0.4F); });
    }
}

// extent: the head's. beyond: how far hair stands out from the subject, in values of the map.
Map head_or_hair(bool hair, const Sight& s, const Map& subject, float beyond, float aspect, const Extent& extent) {
    const Vec mid = extent.centre();
    const float half_w = 0.5F * extent.width(), half_h = 0.5F * extent.height();
    const Map his = hair ? spread(s.subject, beyond) : subject;
    return made(subject, [&](float x, float y, int i, int j) {
        const float px = (x * aspect - mid.x) / half_w, py = (y - mid.y) / half_h, rho = std::hypot(px, py);
        if (!hair) return smooth((1.25F - rho) / 0.4F) * std::min(1.F, 0.25F + subject.row(j)[i]);
        // All round a face but its middle; long hair hangs below it on both sides.
        const float around = std::hypot(px, py > 0 ? 0.5F * py : py);
        return smooth((rho - 0.45F) / 0.35F) * smooth((1.9F - around) / 0.6F) *
               smooth(std::max((1.6F - py) / 1.2F, std::abs(px) - 0.4F)) * his.row(j)[i];
    });
}

}  // namespace

// How far each place takes part in a motion, and the part's extent.
Map Choreography::place_of(Region region, Motion motion, const Sight& s, float amount, Extent& extent) const {
    const float unit = static_cast<float>(s.subject.height);  // values per height
    const Extent whole{0, 0, aspect_, 1};
    Extent own = body_.area > 0.002F ? extent_of(body_, aspect_) : Extent{0.2F * aspect_, 0.1F, 0.8F * aspect_, 0.95F};
    if (body_.cut_below) own.bottom = 1 + 0.08F * own.height();  // his feet are somewhere below
    const float fade = std::clamp(1.4F * amount, 0.035F, 0.12F) + 0.05F * (1 - s.sure);
    const Map subject = spread(s.subject, fade * own.height() * unit);
    const auto part = [&](const Map& map, float radius) {
        const Map seen = blurred(map, static_cast<int>(std::lround(radius * unit)));
        extent = extent_of(body_of(seen), aspect_);
        return beside_subject(seen, s, subject);
    };
    extent = own;
    switch (region) {
        case kSky: return part(s.sky, 0.02F);
        case kWater: return part(s.water, 0.012F);
        case kFoliage: return part(s.foliage, 0.012F);
        case kPlant: {  // he himself and the leaves about him
            const Map all = made(subject, [&](float, float, int x, int y) {
                return std::max(subject.row(y)[x], 0.7F * s.foliage.row(y)[x]);
            });
            extent = extent_of(body_of(all), aspect_);
            return all;
        }
        case kRound: {
            Disc within = s.discs.front();  // what lies in it, and its rim stands
            within.across *= kWithinRim, within.high *= kWithinRim;
            extent = extent_of(within, 1);
            return blurred(map_of({within}, s.subject, aspect_),
                           std::max(1, static_cast<int>(0.1F * within.high * unit)));
        }
        case kFire: {
            const Map flames = spread(s.fire, 0.01F * unit);
            extent = extent_of(body_of(flames), aspect_);
            return flames;
        }
        case kBackground:
            extent = whole;
            return made(subject, [&](float, float, int x, int y) { return 1 - subject.row(y)[x]; });
        case kEverything: extent = whole; return Map(subject.width, subject.height, 1);
        case kLeftSide:
        case kRightSide:
        case kUpperPart:
        case kLowerPart: return half_of(region, subject, aspect_, extent);
        case kHead:
        case kHair:
            extent = head_of(s.subject, own, aspect_);
            return head_or_hair(region == kHair, s, subject, 0.015F * own.height() * unit, aspect_, extent);
        default: break;
    }
    if (motion == kSpin && lifted_ != kWhoeverItIsOf)
        return made(subject, [&](float x, float y, int i, int j) {
            return swirled(extent, x * aspect_, y) * std::min(1.F, 0.2F + subject.row(j)[i]);
        });
    if (motion == kPulse || motion == kSpin || motion == kBlink) extent.bottom = std::min(extent.bottom, 1.F);
    if (lifted_ == kWhoeverItIsOf) return {1, 1, 1};  // he alone moves, so nothing has to fade
    return subject;
}

}  // namespace zt::tableau
