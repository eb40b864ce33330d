// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The world of a storybook model, read from its config.json: subjects, scenes, styles, weather, cameras, and how each
// looks, where it may stand and how it moves. Formulas are in the engine, all numbers in the file. Torch-free.
//
// Lengths are in units: the frame is 256 units wide and 144 high, whatever its size in pixels; x to the right, y down.
// Times are in seconds, colours 0..1.
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

// A time of day. Everything is painted in daylight; at another time a colour c becomes c * mul + add.
struct Time {
    std::string name;
    Rgb mul{}, add{};
    float sprites = 1;   // how much of that applies to subjects, so that they stay visible at night
    Rgb rim{}, shine{};  // colours of the paper edge and of lit windows
};

struct Style {
    std::string name;
    float light = 1;  // how much the time of day changes its colours
    Rgb sky{};        // the sky is blended with this colour ..
    float veil = 0;   // .. with this weight
};

struct Weather {
    std::string name;
    Rgb veil{}, rgb{};              // colour of the haze over the frame; of drops or flakes
    float strength = 0, alpha = 0;  // opacity of the haze; of drops or flakes
    int64_t count = 0;              // drops or flakes in a frame
    double speed = 0, slant = 0, wander = 0,
           length = 0;  // of their fall: units per second, x per y, sway, streak length
    Range radius;
};

struct Camera {
    std::string name;
    double drift = 0;             // units of a slow drift to and fro
    double pan = 0;               // panning speed, as a share of that of the first actor
    double most = 1, period = 1;  // largest zoom; seconds to it and back
    double x = 0, y = 0;          // units of shake
};

// A motion: the pose (pose.h) is the sum of these components; 0 switches one off.
struct MotionInfo {
    std::string name, cells;     // animation of the sprite: "move", "stand", "sleep"
    double cycle = 1, beat = 1;  // seconds: period of that animation; of the components below
    double bob = 0, hop = 0, squash = 0, sway = 0, tilt = 0, grow = 0, breath = 0, lift = 0, floats = 0, lean = 0;
    double travel = 0;  // units per second
    bool air = false, turn = false, snore = false;
};

enum class Place { kGround, kAir, kWater, kSea };
struct SubjectInfo {
    std::string name;
    std::vector<int> motions, scenes, colours;  // that suit it: the seed chooses among these
    Place place = Place::kGround;
    double size = 1;
};

// One entry of a scene: a background ring (a band as wide as the frame that repeats sideways), props at random places,
// or the depth at which actors stand, on the ground or afloat.
struct Item {
    enum Kind { kRing, kProps, kActors, kAfloat } kind = kRing;
    std::string name;
    double depth = 1;  // for parallax: 0 as far away as the sky, 1 as near as the actors
    Range count, y, size{1, 1};
    double sway = 0, flow = 0, rise = 0;  // radians; units per second to the side; upwards
};

struct Scene {
    std::string name;
    std::vector<std::array<Rgb, 2>> sky;  // of each time: top, horizon
    std::vector<int> weathers;            // that suit it
    std::vector<std::string> sky_objects;
    bool stars = false;  // at all times
    Range feet, air;
    std::optional<Range> water, sea;
    std::vector<Item> items;  // from far to near
};

// Sun, moon, stars, clouds.
struct SkyObject {
    std::string name;
    std::vector<std::string> prop;  // its sprite at each time of day; empty: not there
    std::vector<Rgb> tint;          // and its colour
    Range count{1, 1}, y, size{1, 1}, flow;
};

struct SpriteInfo {
    double left = 0, top = 0, width = 0, height = 0;     // box of its pictures, from its anchor
    std::vector<std::pair<std::string, int64_t>> cells;  // animations and their numbers of frames, in the file's order
};
struct RingInfo {
    double top = 0, bottom = 0;
};

struct World {
    double width = 256, height = 144;  // of the frame
    double eye = 84;                   // the height that a zoom goes towards
    double feet = 38;                  // from a subject's anchor down to its feet
    Rgb letters{};                     // colour of the "zzz" above who sleeps
    std::vector<Colour> colours;
    std::vector<Time> times;
    std::vector<Style> styles;
    std::vector<Weather> weathers;
    std::vector<Camera> cameras;
    std::vector<MotionInfo> motions;
    std::vector<SubjectInfo> subjects;
    std::vector<Scene> scenes;
    std::vector<SkyObject> sky_objects;
    std::map<std::string, SpriteInfo, std::less<>> sprites;
    std::map<std::string, RingInfo, std::less<>> rings;
};

// Reads "world", "sprites" and "rings" of config.json. Throws WEIGHTS, naming the field, for what is missing, out of
// bounds, or names something that is not there.
[[nodiscard]] World read_world(const json::Field& config);

}  // namespace zt::storybook
