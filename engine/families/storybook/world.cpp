// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See world.h.
#include "families/storybook/world.h"

#include <algorithm>
#include <cmath>

namespace zt::storybook {
namespace {

// What a picture and a frame of the largest world may cost: a strange model must not keep a session busy for minutes.
constexpr uint64_t kMostCells = 16;  // of a sprite, of each kind
constexpr double kMostUnits = 256;   // of a sprite's box or a ring's height
constexpr double kMostStage = 1024;  // units of the stage, each way
constexpr size_t kMostValues = 256;  // of a list
constexpr size_t kMostItems = 24;    // of a scene
constexpr double kMostProps = 40, kMostDrops = 400;
constexpr double kFar = 4096;  // units; nothing lies farther from the stage

using json::Field;

double bounded(const Field& field, double low, double high) {
    const double v = field.number();
    if (!(v >= low && v <= high)) field.refuse("a number from " + std::to_string(low) + " to " + std::to_string(high));
    return v;
}
double number(const Field& object, std::string_view key, double otherwise, double low = -kFar, double high = kFar) {
    const auto field = object.find(key);
    return field ? bounded(*field, low, high) : otherwise;
}
bool flag(const Field& object, std::string_view key) {
    const auto field = object.find(key);
    return field && field->boolean();
}
Range range(const Field& field, double low = -kFar, double high = kFar) {
    if (field.size() != 2) field.refuse("two numbers");
    const Range r{bounded(field.at(0), low, high), bounded(field.at(1), low, high)};
    if (r.low > r.high) field.refuse("the smaller number first");
    return r;
}
Range range(const Field& object, std::string_view key, Range otherwise, double low = -kFar, double high = kFar) {
    const auto field = object.find(key);
    return field ? range(*field, low, high) : otherwise;
}

// Three numbers, divided by `whole`.
Rgb rgb(const Field& field, float whole = 255) {
    if (field.size() != 3) field.refuse("three numbers");
    Rgb c{};
    for (size_t i = 0; i < 3; i++) c[i] = static_cast<float>(bounded(field.at(i), -1, 255)) / whole;
    return c;
}

// Calls read(element) for each of a list with at least one element.
template <class F>
void each(const Field& list, F&& read) {
    if (list.size() == 0 || list.size() > kMostValues) list.refuse("1 to " + std::to_string(kMostValues) + " values");
    for (size_t i = 0; i < list.size(); i++) read(list.at(i));
}
std::vector<std::string> strings(const Field& list) {
    std::vector<std::string> all;
    for (size_t i = 0; i < std::min(list.size(), kMostValues); i++) all.push_back(list.at(i).string());
    return all;
}
template <class T>
std::vector<int> indices(const Field& names, const std::vector<T>& of) {
    std::vector<int> all;
    each(names, [&](const Field& name) {
        const auto at = std::find_if(of.begin(), of.end(), [&](const T& value) { return value.name == name.string(); });
        if (at == of.end()) name.refuse("a name from the list of these");
        all.push_back(static_cast<int>(at - of.begin()));
    });
    return all;
}

const Field& known_sprite(const World& w, const Field& name) {
    if (!w.sprites.contains(name.string())) name.refuse("the name of a sprite");
    return name;
}

MotionInfo read_motion(const Field& f) {
    MotionInfo m;
    m.name = f.at("name").string();
    m.cells = f.at("cells").string();
    const auto positive = [&](const char* key) { return number(f, key, 1, 0.02, 60); };
    m.cycle = positive("cycle"), m.beat = positive("beat");
    m.bob = number(f, "bob", 0), m.hop = number(f, "hop", 0), m.squash = number(f, "squash", 0, 0, 0.5),
    m.sway = number(f, "sway", 0);
    m.tilt = number(f, "tilt", 0, -7, 7), m.grow = number(f, "grow", 0, 0, 0.9),
    m.breath = number(f, "breath", 0, 0, 0.5), m.lift = number(f, "lift", 0);
    m.lean = number(f, "lean", 0, -1, 1), m.floats = number(f, "float", 0), m.travel = number(f, "travel", 0, 0, kFar);
    m.air = flag(f, "air"), m.turn = flag(f, "turn"), m.snore = flag(f, "snore");
    return m;
}

Item read_item(const World& w, const Field& f) {
    Item item;
    if (flag(f, "actors") || flag(f, "afloat")) {
        item.kind = flag(f, "actors") ? Item::kActors : Item::kAfloat;
        return item;
    }
    item.depth = number(f, "depth", 1, 0, 2);
    item.flow = number(f, "flow", 0), item.sway = number(f, "sway", 0, -7, 7),
    item.rise = number(f, "rise", 0, 0, kFar);
    if (const auto ring = f.find("ring")) {
        item.name = ring->string();
        if (!w.rings.contains(item.name)) ring->refuse("the name of a ring");
        return item;
    }
    item.kind = Item::kProps;
    item.name = known_sprite(w, f.at("prop")).string();
    item.count = range(f.at("count"), 0, kMostProps);
    item.y = range(f.at("y"));
    item.size = range(f, "size", {1, 1}, 0.05, 16);
    return item;
}

Scene read_scene(const World& w, const Field& f) {
    Scene s;
    s.name = f.at("name").string();
    for (const Time& time : w.times) {
        const Field sky = f.at("sky").at(time.name);
        if (sky.size() != 2) sky.refuse("two colours");
        s.sky.push_back({rgb(sky.at(0)), rgb(sky.at(1))});
    }
    s.weathers = indices(f.at("weathers"), w.weathers);
    s.sky_objects = strings(f.at("heavens"));
    s.stars = flag(f, "stars");
    s.feet = range(f.at("feet")), s.air = range(f.at("air"));
    if (const auto water = f.find("water")) s.water = range(*water);
    if (const auto sea = f.find("sea")) s.sea = range(*sea);
    if (f.at("layers").size() > kMostItems) f.at("layers").refuse("at most " + std::to_string(kMostItems));
    each(f.at("layers"), [&](const Field& item) { s.items.push_back(read_item(w, item)); });
    return s;
}

SubjectInfo read_subject(const World& w, const Field& f) {
    SubjectInfo s;
    s.name = known_sprite(w, f.at("name")).string();
    s.motions = indices(f.at("motions"), w.motions);
    s.scenes = indices(f.at("scenes"), w.scenes);
    s.colours = indices(f.at("colours"), w.colours);
    s.size = number(f, "size", 1, 0.1, 8);
    if (const auto place = f.find("place")) {
        constexpr std::array<std::string_view, 4> names{"ground", "air", "water", "sea"};
        const auto at = std::find(names.begin(), names.end(), place->string());
        if (at == names.end()) place->refuse("ground, air, water or sea");
        s.place = static_cast<Place>(at - names.begin());
    }
    // Every motion shows pictures that it has.
    const SpriteInfo& sprite = w.sprites.find(s.name)->second;
    for (const MotionInfo& motion : w.motions)
        if (std::none_of(sprite.cells.begin(), sprite.cells.end(),
                         [&](const auto& cell) { return cell.first == motion.cells; }))
            f.at("name").refuse("a sprite with pictures for \"" + motion.cells + "\"");
    return s;
}

void read_layers(World& w, const Field& config) {
    const Field sprites = config.at("sprites"), rings = config.at("rings");
    for (const std::string_view name : sprites.keys()) {
        const Field box = sprites.at(name).at("box"), cells = sprites.at(name).at("cells");
        if (box.size() != 4) box.refuse("four numbers");
        SpriteInfo s{bounded(box.at(0), -kFar, kFar),
                     bounded(box.at(1), -kFar, kFar),
                     bounded(box.at(2), 4, kMostUnits),
                     bounded(box.at(3), 4, kMostUnits),
                     {}};
        for (const std::string_view cell : cells.keys())
            s.cells.emplace_back(cell, static_cast<int64_t>(cells.at(cell).integer(1, kMostCells)));
        w.sprites.emplace(name, std::move(s));
    }
    for (const std::string_view name : rings.keys()) {
        const RingInfo ring{bounded(rings.at(name).at("top"), -64, kMostStage),
                            bounded(rings.at(name).at("bottom"), 0, kMostStage)};
        if (ring.bottom <= ring.top || ring.bottom - ring.top > kMostUnits)
            rings.at(name).refuse("a bottom below the top, by " + std::to_string(static_cast<int>(kMostUnits)) +
                                  " at most");
        w.rings.emplace(name, ring);
    }
}

void read_sky_objects(World& w, const Field& list) {
    each(list, [&](const Field& f) {
        SkyObject h;
        h.name = f.at("name").string();
        for (const Time& time : w.times) {
            const auto prop = f.at("prop").find(time.name);
            h.prop.push_back(prop ? known_sprite(w, *prop).string() : "");
            h.tint.push_back(prop ? rgb(f.at("tint").at(time.name)) : Rgb{});
        }
        h.count = range(f, "count", {1, 1}, 0, kMostProps), h.y = range(f.at("y")),
        h.size = range(f, "size", {1, 1}, 0.05, 16), h.flow = range(f, "flow", {});
        w.sky_objects.push_back(std::move(h));
    });
}

}  // namespace

World read_world(const Field& config) {
    World w;
    read_layers(w, config);
    const Field world = config.at("world"), stage = world.at("stage");
    w.width = bounded(stage.at("width"), 16, kMostStage), w.height = bounded(stage.at("height"), 16, kMostStage);
    w.eye = bounded(stage.at("eye"), 0, w.height), w.feet = bounded(stage.at("feet"), 0, kFar);
    w.letters = rgb(stage.at("letters"));
    each(world.at("colours"), [&](const Field& f) { w.colours.push_back({f.at("name").string(), rgb(f.at("rgb"))}); });
    each(world.at("times"), [&](const Field& f) {
        w.times.push_back({f.at("name").string(), rgb(f.at("mul"), 1), rgb(f.at("add"), 1),
                           static_cast<float>(bounded(f.at("sprites"), 0, 1)), rgb(f.at("rim")), rgb(f.at("shine"))});
    });
    each(world.at("styles"), [&](const Field& f) {
        w.styles.push_back({f.at("name").string(), static_cast<float>(bounded(f.at("light"), 0, 1)), rgb(f.at("sky")),
                            static_cast<float>(bounded(f.at("veil"), 0, 1))});
    });
    each(world.at("weathers"), [&](const Field& f) {
        Weather v;
        v.name = f.at("name").string();
        if (f.find("count")) {
            v.veil = rgb(f.at("veil")), v.rgb = rgb(f.at("rgb")),
            v.count = static_cast<int64_t>(f.at("count").integer(1, static_cast<uint64_t>(kMostDrops)));
            v.strength = static_cast<float>(bounded(f.at("strength"), 0, 1)),
            v.alpha = static_cast<float>(bounded(f.at("alpha"), 0, 1));
            v.speed = bounded(f.at("speed"), 1, kFar), v.slant = number(f, "slant", 0, -4, 4),
            v.wander = number(f, "wander", 0), v.length = number(f, "length", 0, 0, 64);
            v.radius = range(f.at("radius"), 0.1, 16);
        }
        w.weathers.push_back(std::move(v));
    });
    each(world.at("cameras"), [&](const Field& f) {
        w.cameras.push_back({f.at("name").string(), number(f, "drift", 0, 0, 64), number(f, "pan", 0),
                             number(f, "most", 1, 1, 8), number(f, "period", 1, 0.1, 600), number(f, "x", 0, 0, 64),
                             number(f, "y", 0, 0, 64)});
    });
    each(world.at("motions"), [&](const Field& f) { w.motions.push_back(read_motion(f)); });
    each(world.at("scenes"), [&](const Field& f) { w.scenes.push_back(read_scene(w, f)); });
    each(world.at("subjects"), [&](const Field& f) { w.subjects.push_back(read_subject(w, f)); });
    read_sky_objects(w, world.at("heavens"));
    for (const Scene& scene : w.scenes)
        for (const std::string& name : scene.sky_objects)
            if (std::none_of(w.sky_objects.begin(), w.sky_objects.end(),
                             [&](const SkyObject& h) { return h.name == name; }))
                world.at("heavens").refuse("\"" + name + "\" among them");
    return w;
}

}  // namespace zt::storybook
