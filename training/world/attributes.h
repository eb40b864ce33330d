// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a clip of the storybook world shows. Values are appended, never reordered: a smaller scope
// of the world is the first values of each list, so a curriculum can widen it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>

namespace zt::world {

inline constexpr int kWidth = 256, kHeight = 144, kGroupFrames = 4;

enum Subject { kFox, kCat, kRabbit, kBird, kFish, kCar, kBoat, kBalloon, kDog, kElephant, kButterfly, kRocket, kSubjects };
enum Colour { kRed, kOrange, kYellow, kGreen, kBlue, kPurple, kPink, kBrown, kColours };
// Stroll goes back and forth; rest breathes asleep.
enum Motion { kRun, kJump, kDance, kFly, kSpin, kGrow, kStroll, kRest, kMotions };
enum Scene { kForest, kSnow, kBeach, kCity, kMeadow, kDesert, kUnderwater, kSpace, kScenes };
enum Time { kDay, kNight, kSunset, kTimes };
enum Weather { kClear, kRain, kSnowfall, kWeathers };
enum Camera { kStatic, kFollow, kZoom, kShake, kCameras };
enum Style { kPaper, kNeon, kSketch, kStyles };
inline constexpr int kLayouts = 2;

// One clip. layout is what a sentence does not say: which way round the backdrop is.
struct Clip {
    int subject = 0, colour = 0, motion = 0, scene = 0, time = 0, layout = 0;
    int weather = 0, camera = 0, style = 0;
    int companion = -1, companion_colour = 0;   // a second subject at its side, -1 = alone
};

// Attributes that sentences name and judges look for. "companion" counts from 1, 0 = alone.
enum Attribute { kSubject, kColour, kMotion, kScene, kTime, kWeather, kCamera, kStyle, kCompanion, kItsColour, kAttributes };
inline constexpr std::array<int, kAttributes> kAttributeSizes{kSubjects, kColours, kMotions, kScenes, kTimes, kWeathers, kCameras, kStyles, kSubjects + 1, kColours};
inline constexpr std::array<const char*, kAttributes> kAttributeNames{"subject", "colour", "motion", "scene", "time", "weather", "camera", "style", "companion", "its_colour"};

[[nodiscard]] inline std::array<int, kAttributes> attributes(const Clip& c) {
    return {c.subject, c.colour, c.motion, c.scene, c.time, c.weather, c.camera, c.style, c.companion + 1, c.companion < 0 ? 0 : c.companion_colour};
}

// How much of the world a stage draws from.
struct Scope {
    std::string name;
    int subjects, colours, motions, scenes, times, weathers, cameras, styles;
    double duo;   // chance of a companion
};
inline const std::array<Scope, 4> kScopes{{{"narrow", 8, 6, 4, 4, 2, 1, 1, 1, 0.0},
                                           {"broad", kSubjects, kColours, kMotions, kScenes, kTimes, 1, 1, 1, 0.0},
                                           {"weather", kSubjects, kColours, kMotions, kScenes, kTimes, kWeathers, 1, 1, 0.0},
                                           {"wide", kSubjects, kColours, kMotions, kScenes, kTimes, kWeathers, kCameras, kStyles, 0.25}}};

// Held-out combinations of subject, colour and scene (one in eight): never trained on, so that a
// judge can tell composing from remembering.
[[nodiscard]] inline bool held_out(int subject, int colour, int scene) {
    uint32_t h = static_cast<uint32_t>(subject * 73 + colour * 151 + scene * 283 + 17);
    h = (h ^ (h >> 4)) * 2654435761u;
    return ((h >> 13) & 7u) == 0;
}
[[nodiscard]] inline bool held_out(const Clip& c) {
    return held_out(c.subject, c.colour, c.scene) || (c.companion >= 0 && held_out(c.companion, c.companion_colour, c.scene));
}

// A clip of the scope, held out or not as asked. Weather, camera and style take their first value
// three times in five: what a sentence leaves unsaid is usually that.
[[nodiscard]] inline Clip random_clip(const Scope& scope, std::mt19937& rng, bool from_held_out = false) {
    const auto pick = [&](int n) { return static_cast<int>(rng() % static_cast<unsigned>(n)); };
    const auto seldom = [&](int n) { return n == 1 || pick(5) < 3 ? 0 : 1 + pick(n - 1); };
    // Decided first: most pairs have one of the two held out, and would be as rare in training as frequent before the judge.
    const bool two = scope.duo > 0 && pick(1000) < static_cast<int>(scope.duo * 1000);
    Clip c;
    do {
        c = {pick(scope.subjects), pick(scope.colours), pick(scope.motions), pick(scope.scenes), pick(scope.times), pick(kLayouts),
             seldom(scope.weathers), seldom(scope.cameras), seldom(scope.styles)};
        if (two) c.companion = pick(scope.subjects), c.companion_colour = pick(scope.colours);
    } while (held_out(c) != from_held_out || (c.companion == c.subject && c.companion_colour == c.colour));
    return c;
}

// A clip that shares with another one what `keep(Clip&)` copies; not held out, and not of a subject beside itself.
template <class F>
[[nodiscard]] Clip random_clip_with(const Scope& scope, std::mt19937& rng, F keep) {
    Clip c;
    do keep(c = random_clip(scope, rng));
    while (held_out(c) || (c.companion == c.subject && c.companion_colour == c.colour));
    return c;
}

// The clip with as many subjects, others (or the same) in other colours; not held out.
[[nodiscard]] inline Clip recast(const Clip& clip, Scope scope, std::mt19937& rng, bool other_subjects = true) {
    scope.duo = clip.companion >= 0 ? 1 : 0;
    return random_clip_with(scope, rng, [&](Clip& c) {
        Clip kept = clip;
        kept.colour = c.colour, kept.companion_colour = c.companion_colour;
        if (other_subjects) kept.subject = c.subject, kept.companion = c.companion;
        c = kept;
    });
}

// Groups of four frames after which the whole picture repeats: 2, 4 or 16.
[[nodiscard]] inline int period_groups(const Clip& c) {
    constexpr std::array<int, kMotions> motions{2, 4, 4, 4, 4, 4, 16, 4};
    constexpr std::array<int, kCameras> cameras{1, 16, 16, 2};
    return std::lcm(motions[static_cast<size_t>(c.motion)], cameras[static_cast<size_t>(c.camera)]);
}

}  // namespace zt::world
