// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a deed means in this picture: whose it is, what such things do, and who can go how far. Torch-free.
#include <algorithm>
#include <cmath>

#include "families/tableau/choreography.h"
#include "families/tableau/discs.h"
#include "families/tableau/manners.h"

namespace zt::tableau {
namespace {

constexpr float kRoundish = 0.62F;  // Body::round from here on: a turn in the picture's plane looks right
constexpr float kMostlyDisc =
    0.6F;  // the share of somebody that a circle in him holds, from which on that circle turns for him
constexpr float kNobody = 0.3F;         // Sight::sure below which nobody is seen
constexpr float kScenery = 0.2F;        // of the picture, from which on there is something else to move
constexpr float kFlames = 3;            // times the tempo of leaves
constexpr float kLeavesGround = 0.45F;  // of the picture's area, at most, may be left behind empty by somebody who goes

// What such a part does where the sentence asks for a motion that it does not have: water ripples, leaves are in the
// wind.
void suit(Deed& d, Region region) {
    const bool airy = region == kSky || (region == kUpperPart && d.region == kSky),
               wet = region == kWater || (region == kLowerPart && (d.region == kWater || d.motion == kRipple)),
               leafy = region == kFoliage || region == kPlant;
    if (d.motion == kMove)
        d.motion = airy                       ? kFlow
                   : wet                      ? kRipple
                   : leafy || region == kHair ? kWind
                   : region == kCloth         ? kWave
                   : region == kHead          ? kTurn
                   : d.direction != kNowhere  ? kDrift
                                              : kSway;
    if (region == kSubject && d.motion == kWind) d.motion = kSway;
    if (d.motion == kWave)
        d.motion = wet ? kRipple : leafy || region == kHair ? kWind : region == kSubject ? kSway : airy ? kFlow : kWave;
    if (airy && (d.motion == kDrift || d.motion == kSway || d.motion == kWind || d.motion == kRipple ||
                 d.motion == kFall || d.motion == kBounce))
        d.motion = kFlow;
    if ((leafy || region == kHair) &&
        (d.motion == kSway || d.motion == kRipple || d.motion == kFlow || d.motion == kDrift || d.motion == kBounce))
        d.motion = kWind;
    if (wet && d.motion == kFall) d.motion = kFlow, d.direction = kDown;
    if (wet && (d.motion == kSway || d.motion == kBounce || d.motion == kWind || d.motion == kTremble))
        d.motion = kRipple;
    if (region == kCloth && d.motion == kRipple) d.motion = kWave;
    if (region == kCloth && (d.motion == kWind || d.motion == kFlow || d.motion == kSway || d.motion == kDrift))
        d.motion = kWave;
    if (region == kSubject && d.motion == kFlow) d.motion = kDrift;
    // Who comes nearer grows.
    if (region == kSubject && d.motion == kDrift && (d.direction == kNearer || d.direction == kFarther))
        d.motion = d.direction == kNearer ? kGrow : kShrink;
}

}  // namespace

// As a wheel does, not as a dancer: somebody round and not cut off; a compass drawn in lines is called round and is as
// wide as high.
bool Choreography::turns_whole(const Settled& settled, const Sight& s) const {
    const float wide = (body_.right - body_.left) * aspect_, high = body_.bottom - body_.top;
    const bool round = body_.round > kRoundish || (s.exact && settled.deed.region == kRound);
    return round && std::min(wide, high) > 0.6F * std::max(wide, high) && body_.bottom < 0.98F && !body_.cut_beside;
}

// What is said to spin and is a disc, or nearly one, turns within its rim. Somebody who is no disc and is free turns as
// a whole.
std::vector<Disc> Choreography::discs_of(const Settled& settled, const Sight& s) const {
    std::vector<Disc> out;
    if (settled.deed.motion != kSpin) return out;
    if (settled.region == kRound) {  // the clearest, and its like: the other wheel
        for (const Disc& d : s.discs) {
            const Disc& first = s.discs.front();
            if (std::abs(d.across / first.across - 1) < 0.25F &&
                std::abs(d.high / d.across - first.high / first.across) < 0.15F)
                out.push_back(d);
        }
    } else if (settled.region == kSubject && settled.deed.region != kRound && s.sure > 0.6F) {
        const Disc within = disc_within(s.subject, aspect_);
        if (within.rim > kMostlyDisc && !turns_whole(settled, s)) out.push_back(within);
    }
    return out;
}

// A hop, a flight, a fall, a whole turn: only of somebody who is surely seen, whole, and not all of the picture.
bool Choreography::goes_far(const Settled& settled, const Sight& s) const {
    const auto& [d, region, guessed] = settled;
    if (region != kSubject || s.sure <= 0.6F || body_.area < 0.002F) return false;
    const bool aside = d.direction == kLeft || d.direction == kRight;
    switch (d.motion) {
        case kFall:
            return body_.area <=
                   0.85F;  // what is cut off below or at the side may fall: no more of it comes into sight
        case kSpin:
            return (d.region != kRound || s.exact) && body_.area <= 0.75F &&
                   (turns_whole(settled, s) || (!body_.cut_beside && discs_of(settled, s).empty()));
        case kHop: return body_.area <= 0.6F && !body_.cut_below;
        case kDrift: return body_.area <= kLeavesGround && !body_.cut_beside && (!body_.cut_below || aside);
        case kSwim:
        case kBounce:
            if (d.direction == kNearer) return body_.area <= 0.6F;
            return body_.area <= kLeavesGround && !body_.cut_beside && (!body_.cut_below || aside) &&
                   d.direction != kNowhere;
        case kGrow: return body_.area <= 0.6F && d.direction == kNearer;
        case kShrink: return body_.area <= 0.6F && d.direction == kFarther && !body_.cut_below && !body_.cut_beside;
        default: return false;
    }
}

Choreography::Settled Choreography::settled(Deed d, const Sight& sight, const Asked& asked) {
    const auto has = [](const Map& map) { return map.mean() > kLeastOfAPart; };
    if (d.motion == kMove && d.region == kNatural && d.direction != kNowhere) d.region = kSubject;
    if (d.motion == kMove && (d.region == kNatural || d.region == kEverything))
        return {d, d.region, false};  // what everything does by itself
    Region region = region_of(d, sight, asked);
    if (region == kFire) return burning(d, sight);
    // A blink needs eyes.
    if (d.motion == kBlink && region == kHead && sight.eyes.empty()) {
        notes_.push_back("expected two eyes in the picture, got none that are surely seen; 'blink' is shown as nod");
        d.motion = kNod, d.amount *= 0.4F;
    }
    // Where nobody is surely seen, a motion of somebody would bend whatever is in the middle.
    if ((region == kSubject || region == kHead) && sight.sure < kNobody &&
        sight.sky.mean() + sight.water.mean() + sight.foliage.mean() > kScenery) {
        if (!lives_) notes_.push_back("nobody is surely seen in the picture; what is there moves as such things do");
        lives_ = true;
        return {{}, kNatural, false};
    }
    if (d.motion == kWave && d.region == kNatural && sight.sure < kNobody && has(sight.water)) region = kWater;
    // A part that is not there is whom the picture is of; what a part does is what such things do.
    const bool missing = (region == kSky && !has(sight.sky)) || (region == kWater && !has(sight.water)) ||
                         (region == kFoliage && !has(sight.foliage));
    if (missing) {
        const Region instead = region == kSky ? kUpperPart : region == kWater ? kLowerPart : kSubject;
        if (d.region != kNatural)
            notes_.push_back("expected " + std::string(part_name(region)) + " in the picture, got none; " +
                             part_name(instead) + " moves");
        region = instead;
    }
    suit(d, region);
    return {d, region, missing};
}

// Which part of the picture is meant. Of something round only a spin and a ripple are possible.
Region Choreography::region_of(Deed& d, const Sight& sight, const Asked& asked) {
    Region region = d.region == kNatural ? manner_of(d.motion).own : d.region;
    // One plant, and nobody else named: whom the picture is of, if anybody is.
    const bool somebody_else = asked.subject_named || (sight.sure <= 0.6F && sight.foliage.mean() > 0.08F);
    if (region == kPlant)
        region = somebody_else                                                   ? kFoliage
                 : d.motion == kWind || d.motion == kFlow || d.motion == kRipple ? kPlant
                                                                                 : kSubject;
    if (region == kSky && d.motion == kSpin && !sight.discs.empty() && sight.discs.front().y < 0.5F)
        region = kRound;  // the moon
    // What a wheel does is turn.
    if (region == kRound && (d.motion == kMove || d.motion == kFlow || d.motion == kTurn)) d.motion = kSpin;
    if (region == kRound && d.motion == kWave) d.motion = kRipple;
    if (region == kRound && (sight.discs.empty() || (d.motion != kSpin && d.motion != kRipple))) {
        if (sight.discs.empty())
            notes_.push_back("expected " + std::string(part_name(kRound)) +
                             " in the picture, got none that is surely seen; " + part_name(kSubject) + " moves");
        region = kSubject;
    }
    return region;
}

// Flames lick up, whatever they are said to do.
Choreography::Settled Choreography::burning(Deed d, const Sight& sight) {
    if (sight.fire.width == 0) {
        notes_.push_back("expected " + std::string(part_name(kFire)) + " in the picture, got none that is surely seen");
        return {{}, kNatural, false};
    }
    d.motion = kWind, d.direction = kUp, d.tempo *= kFlames, d.amount *= 0.8F;
    return {d, kFire, false};
}

}  // namespace zt::tableau
