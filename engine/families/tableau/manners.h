// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much and how fast each motion is, and whose it is. For choreography.cpp, deeds.cpp and places.cpp. Torch-free.
#pragma once

#include "families/tableau/asked.h"
#include "families/tableau/moves.h"
#include "families/tableau/sight.h"

namespace zt::tableau {

struct Manner {
    float amount;  // as Move::amount
    double rate;   // rounds per second
    Region own;    // the part it moves where none is said
};
[[nodiscard]] inline Manner manner_of(Motion motion) {
    switch (motion) {
        case kSway: return {0.05F, 0.42, kSubject};
        case kBounce: return {0.045F, 1.15, kSubject};
        case kHop: return {0.075F, 0.95, kSubject};
        case kDrift: return {0.04F, 0.22, kSubject};
        case kRipple: return {0.01F, 0.45, kWater};
        case kWave: return {0.045F, 0.8, kCloth};
        case kBreathe: return {0.02F, 0.3, kSubject};
        case kPulse: return {0.06F, 1.0, kSubject};
        case kBlink: return {0.09F, 0.42, kHead};
        case kWind: return {0.016F, 0.5, kFoliage};
        case kFlow: return {0.045F, 0.22, kSky};
        case kFall: return {0.012F, 0.14, kEverything};
        case kSpin: return {0.3F, 0.3, kSubject};
        case kTurn: return {0.07F, 0.28, kHead};
        case kNod: return {0.075F, 0.6, kHead};
        case kTremble: return {0.006F, 7, kSubject};
        case kGrow: return {0.14F, 0.3, kSubject};
        case kShrink: return {0.12F, 0.3, kSubject};
        case kSwim: return {0.035F, 0.7, kSubject};
        case kFlap: return {0.22F, 1.6, kSubject};
        default: return {0.02F, 0.3, kSubject};
    }
}

// Of a disc so many times as large.
[[nodiscard]] inline Extent extent_of(const Disc& d, float times) {
    return {d.x - times * d.across, d.y - times * d.high, d.x + times * d.across, d.y + times * d.high};
}

// "the subject", for logs.
[[nodiscard]] inline const char* part_name(Region region) {
    // clang-format off
    constexpr const char* kNames[kRegions] = {"", "the subject", "the head", "the hair", "the sky", "the water", "the leaves", "the cloth", "the background", "everything", "the left side", "the right side", "the upper part", "the lower part", "the plant", "the round thing", "the fire"};
    // clang-format on
    return kNames[region];
}

// A map of a map's size: value(x, y, column, row), where x and y are 0..1.
template <class Value>
[[nodiscard]] Map made(const Map& like, Value value) {
    Map map(like.width, like.height);
    for (int y = 0; y < map.height; y++)
        for (int x = 0; x < map.width; x++)
            map.row(y)[x] = value((static_cast<float>(x) + 0.5F) / static_cast<float>(map.width),
                                  (static_cast<float>(y) + 0.5F) / static_cast<float>(map.height), x, y);
    return map;
}

}  // namespace zt::tableau
