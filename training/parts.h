// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Groups of clips that figures are told of apart.
#pragma once

#include "world/attributes.h"

namespace zt::training {

struct Part {
    const char* name;
    bool (*of)(const world::Clip&);
};

inline constexpr Part kParts[]{
    {"paper", [](const world::Clip& c) { return c.style == world::kPaper; }},     {"neon", [](const world::Clip& c) { return c.style == world::kNeon; }},
    {"sketch", [](const world::Clip& c) { return c.style == world::kSketch; }},   {"clear", [](const world::Clip& c) { return c.weather == world::kClear; }},
    {"rain", [](const world::Clip& c) { return c.weather == world::kRain; }},     {"snowfall", [](const world::Clip& c) { return c.weather == world::kSnowfall; }},
    {"still", [](const world::Clip& c) { return c.camera == world::kStatic; }},   {"follow", [](const world::Clip& c) { return c.camera == world::kFollow; }},
    {"zoom", [](const world::Clip& c) { return c.camera == world::kZoom; }},      {"shake", [](const world::Clip& c) { return c.camera == world::kShake; }},
    {"single", [](const world::Clip& c) { return c.companion < 0; }},             {"pair", [](const world::Clip& c) { return c.companion >= 0; }},
    {"run", [](const world::Clip& c) { return c.motion == world::kRun; }},        {"jump", [](const world::Clip& c) { return c.motion == world::kJump; }},
    {"dance", [](const world::Clip& c) { return c.motion == world::kDance; }},    {"fly", [](const world::Clip& c) { return c.motion == world::kFly; }},
    {"spin", [](const world::Clip& c) { return c.motion == world::kSpin; }},      {"grow", [](const world::Clip& c) { return c.motion == world::kGrow; }},
    {"stroll", [](const world::Clip& c) { return c.motion == world::kStroll; }},  {"rest", [](const world::Clip& c) { return c.motion == world::kRest; }}};

}  // namespace zt::training
