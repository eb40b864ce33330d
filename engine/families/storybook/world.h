// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The small world that a storybook model plays in, as config.json describes it: what there is, where it may
// stand, how it moves. The engine has formulas, the model has every number. Torch-free.
//
// Lengths are in units of the stage, which is 256 x 144 of them; x to the right, y down. Times are in seconds,
// colours 0..1.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace zt::storybook {

using Rgb = std::array<float, 3>;
struct Range {
    double low = 0, high = 0;
};

struct Colour {
    std::string name;
    Rgb rgb{};
};

// What the hour does to colours: painted by day, light(c) = c * mul + add.
struct Time {
    std::string name;
    Rgb mul{}, add{};
    float sprites = 1;   // of subjects: they are dimmed less
    Rgb rim{}, shine{};  // the paper's edge; windows
};

struct Style {
    std::string name;
    float light = 1;  // how much of the hour's light it shows
    Rgb sky{};        // the sky is mixed with this colour ..
    float veil = 0;   // .. by this much
};

struct Weather {
    std::string name;
    Rgb veil{}, rgb{};
    float strength = 0, alpha = 0;                        // of the veil; of what falls
    int64_t count = 0;                                    // of drops or flakes in the picture
    double speed = 0, slant = 0, wander = 0, length = 0;  // units per second; x per y; sideways; of a drop
    Range radius;
};

struct Camera {
    std::string name;
    double drift = 0, pan = 0 /* of the speed of whom it follows */, most = 1, period = 1, x = 0, y = 0;
};

// A pose is the sum of these; what is 0 has no part in it.
struct MotionInfo {
    std::string name, cells;     // which pictures: "move", "stand", "sleep"
    double cycle = 1, beat = 1;  // of the pictures; of the rest
    double bob = 0, hop = 0, squash = 0, sway = 0, tilt = 0, grow = 0, breath = 0, lift = 0, floats = 0, lean = 0;
    double travel = 0;  // units per second
    bool air = false, turn = false, snore = false;
};

enum class Place { kGround, kAir, kWater, kSea };
struct SubjectInfo {
    std::string name;
    std::vector<int> motions, scenes, colours;  // what goes together with it, for what a sentence leaves open
    Place place = Place::kGround;
    double size = 1;
};

// A ring (a band as wide as the stage that goes round), props at drawn places, or where actors stand.
struct Item {
    enum Kind { kRing, kProps, kActors, kAfloat } kind = kRing;
    std::string name;
    double depth = 1;  // 0: as far away as the sky, 1: as near as the actors
    Range count, y, size{1, 1};
    double sway = 0, flow = 0, rise = 0;  // radians; units per second to the side; upwards
};

struct Scene {
    std::string name;
    std::vector<std::array<Rgb, 2>> sky;  // of each time: top, horizon
    std::vector<int> weathers;            // that it may have
    std::vector<std::string> heavens;
    bool stars = false;  // at all times
    Range feet, air;
    std::optional<Range> water, sea;
    std::vector<Item> items;  // from far to near
};

// What hangs in the sky at some times.
struct Heaven {
    std::string name;
    std::vector<std::string> prop;  // of each time; empty: none
    std::vector<Rgb> tint;          // .. and its colour
    Range count{1, 1}, y, size{1, 1}, flow;
};

struct SpriteInfo {
    double left = 0, top = 0, width = 0, height = 0;     // of its pictures, from its anchor
    std::vector<std::pair<std::string, int64_t>> cells;  // in the order of the file
};
struct RingInfo {
    double top = 0, bottom = 0;
};

struct World {
    double width = 256, height = 144, eye = 84,
           feet = 38;  // of the stage; the line a zoom goes to; from a subject's anchor to its feet
    Rgb letters{};     // of a sleeper's letters
    std::vector<Colour> colours;
    std::vector<Time> times;
    std::vector<Style> styles;
    std::vector<Weather> weathers;
    std::vector<Camera> cameras;
    std::vector<MotionInfo> motions;
    std::vector<SubjectInfo> subjects;
    std::vector<Scene> scenes;
    std::vector<Heaven> heavens;
    std::map<std::string, SpriteInfo, std::less<>> sprites;
    std::map<std::string, RingInfo, std::less<>> rings;
};

// Reads "world", "sprites" and "rings" of config.json. Throws WEIGHTS, naming the field, for what is missing, out of
// bounds, or names something that is not there.
[[nodiscard]] World read_world(const json::Field& config);

}  // namespace zt::storybook
