// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Layout of a play and the order of drawing; see stage.h. Motion of actors: pose.cpp.
#include "families/storybook/stage.h"

#include <algorithm>
#include <cmath>

#include "families/storybook/draw.h"

namespace zt::storybook {
namespace {

constexpr double kTau = 6.283185307179586;
constexpr double kSlowPan = 22;    // units per second, where nobody goes anywhere
constexpr double kAround = 1.375;  // props stand on a circle of so many times the stage's width

template <class T>
const T& of(const std::vector<T>& list, int at) {
    return list[static_cast<size_t>(at)];
}

double wrap(double x, double from, double length) { return x - length * std::floor((x - from) / length); }

Rgb mixed(const Rgb& a, const Rgb& b, float t) {
    Rgb c{};
    for (size_t k = 0; k < 3; k++) c[k] = a[k] + (b[k] - a[k]) * t;
    return c;
}

}  // namespace

Stage::Stage(const World& world, Play play, LayerSource& source, LayerPtr backdrop, bool alone,
             const std::function<void()>& tick)
    : world_(world), play_(std::move(play)), backdrop_(std::move(backdrop)), alone_(alone) {
    if (!backdrop_ && !alone_) {
        set_sky_objects(source);
        set_items(source, tick);
    }
    set_actors(source, tick);
}

std::vector<Stage::Prop> Stage::make_props(const LayerPtr& layer, const Item& item, uint64_t which,
                                           const Range& flow) const {
    const auto asked = [&](uint64_t i, uint64_t what) { return draw_key(kProp, which, i, what); };
    const int64_t seed = play_.seed;
    const double around = kAround * world_.width;
    const int count = static_cast<int>(
        std::lround(even_draw(seed, asked(0, 0), item.count.low, item.count.high + 0.99) * kAround - 0.5));
    const double turned = even_draw(seed, asked(0, 1));
    std::vector<Prop> props;
    for (int i = 0; i < count; i++) {
        const auto n = static_cast<uint64_t>(i);
        Prop p;
        p.layer = layer;
        // One in each of as many equal parts of the circle, somewhere in it.
        p.x = (i + turned + random_draw(seed, asked(n, 2), -0.38, 0.38)) * around / count;
        p.y = random_draw(seed, asked(n, 3), item.y.low, item.y.high);
        p.size = random_draw(seed, asked(n, 4), item.size.low, item.size.high);
        p.mirrored = random_draw(seed, asked(n, 5)) < 0.5;
        p.phase = random_draw(seed, asked(n, 6));
        p.flow = random_draw(seed, asked(n, 7), flow.low, flow.high);
        p.depth = item.depth, p.sway = item.sway, p.rise = item.rise, p.around = around;
        props.push_back(std::move(p));
    }
    return props;
}

// The sky's things are drawn first, by the order of the world's list.
void Stage::set_sky_objects(LayerSource& source) {
    const Scene& scene = of(world_.scenes, play_.scene);
    for (size_t h = 0; h < world_.sky_objects.size(); h++) {
        const SkyObject& sky_object = world_.sky_objects[h];
        if (std::find(scene.sky_objects.begin(), scene.sky_objects.end(), sky_object.name) == scene.sky_objects.end())
            continue;
        auto time = static_cast<size_t>(play_.time);
        for (size_t t = 0; sky_object.prop[time].empty() && scene.stars && t < sky_object.prop.size();
             t++)  // in space it is always night
            if (!sky_object.prop[t].empty()) time = t;
        const std::string& name = sky_object.prop[time];
        if (name.empty()) continue;
        Item item;
        item.count = sky_object.count, item.y = sky_object.y, item.size = sky_object.size, item.depth = 0.03;
        const bool one = sky_object.count.high <= 1;
        if (one) item.count = {1, 1};
        std::vector<Prop> props =
            make_props(source.sprite(name, play_.style, "stand").front(), item, 1000 + h, sky_object.flow);
        if (one) {  // there is one, and it is to be seen
            props.erase(props.begin(), props.end() - 1);
            Prop& only = props.front();
            only.x = even_draw(play_.seed, draw_key(kSkyObject, h), 26, world_.width - 26);
            only.y = even_draw(play_.seed, draw_key(kSkyObject, h, 1), sky_object.y.low, sky_object.y.high);
            only.around = 0, only.mirrored = false;
        }
        for (Prop& prop : props) {
            prop.tint = sky_object.tint[time];
            sky_objects_.push_back(std::move(prop));
        }
    }
}

void Stage::set_items(LayerSource& source, const std::function<void()>& tick) {
    const std::vector<Item>& items = of(world_.scenes, play_.scene).items;
    for (size_t i = 0; i < items.size(); i++) {
        const Item& item = items[i];
        if (item.kind == Item::kActors || item.kind == Item::kAfloat) {
            parts_.push_back({item.kind, {}});
            continue;
        }
        tick();
        if (item.kind == Item::kProps) {
            std::vector<Prop> props =
                make_props(source.sprite(item.name, play_.style, "stand").front(), item, i, {item.flow, item.flow});
            // Who stands nearer hides who is behind.
            std::stable_sort(props.begin(), props.end(), [](const Prop& a, const Prop& b) { return a.y < b.y; });
            for (Prop& prop : props) parts_.push_back({Item::kProps, std::move(prop)});
            continue;
        }
        Prop p;
        p.layer = source.ring(item.name, play_.style);
        p.x = even_draw(play_.seed, draw_key(kRingAt, i), 0, world_.width);
        p.depth = item.depth, p.flow = item.flow;
        parts_.push_back({Item::kRing, p});
    }
}

Stage::StageActor Stage::make_actor(const Actor& actor) const {
    const Scene& scene = of(world_.scenes, play_.scene);
    const SubjectInfo& subject = of(world_.subjects, actor.subject);
    const int64_t seed = play_.seed;
    const auto slot = static_cast<uint64_t>(actor.slot);
    const size_t crowd = play_.actors.size();
    StageActor r;
    r.actor = actor;
    r.layout.size = subject.size * even_draw(seed, draw_key(kHowBig, slot), 0.86, 1.1) *
                    (actor.size == kSmall ? 0.66
                     : actor.size == kBig ? 1.32
                                          : 1) *
                    (crowd == 1   ? 1
                     : crowd == 2 ? 0.9
                                  : 0.76);
    r.layout.wide = even_draw(seed, draw_key(kShape, slot), 0.93, 1.07);
    const double part = world_.width / static_cast<double>(crowd),
                 middle = (static_cast<double>(actor.slot) + 0.5) * part;
    const double half = 46 * r.layout.size;  // of what is to be seen of it
    r.layout.room = part;
    r.layout.home_x = std::clamp(middle + even_draw(seed, draw_key(kWhere, slot), -0.2, 0.2) * part,
                                 std::min(half, middle), std::max(world_.width - half, middle));
    const double reach = world_.feet * r.layout.size;
    const auto between = [&](const Range& range) {
        return even_draw(seed, draw_key(kHigh, slot), range.low, range.high);
    };
    const Place place = of(world_.motions, actor.motion).air ? Place::kAir : subject.place;
    const bool picture = backdrop_ != nullptr;
    r.layout.enters = picture;
    r.layout.followed = of(world_.cameras, play_.camera).pan != 0;
    if (place == Place::kAir)
        r.layout.home_y = std::max(between(scene.air), reach * 0.9);
    else if (place == Place::kWater && scene.water && !picture)
        r.layout.home_y = between(*scene.water);
    else if (place == Place::kSea && scene.sea && !picture)
        r.layout.home_y = between(*scene.sea) - reach * 0.72, r.afloat = true;
    else
        r.layout.home_y = between(scene.feet) - reach;
    return r;
}

void Stage::set_actors(LayerSource& source, const std::function<void()>& tick) {
    for (const Actor& wanted : play_.actors) {
        StageActor actor = make_actor(wanted);
        tick();
        const MotionInfo& motion = of(world_.motions, wanted.motion);
        actor.cells = source.sprite(of(world_.subjects, wanted.subject).name, play_.style, motion.cells);
        if (motion.snore && world_.sprites.contains("zzz")) snore_ = source.sprite("zzz", play_.style, "stand").front();
        actors_.push_back(std::move(actor));
    }
    const auto feet = [&](const StageActor& r) { return r.layout.home_y + world_.feet * r.layout.size; };
    std::stable_sort(actors_.begin(), actors_.end(),
                     [&](const StageActor& a, const StageActor& b) { return feet(a) < feet(b); });
}

// How far the camera has gone, units at depth 1: after the first actor, to where it looks; and a slow drift that is
// never the same.
double Stage::panned(double seconds) const {
    const Camera& c = of(world_.cameras, play_.camera);
    const double phase = kTau * even_draw(play_.seed, draw_key(kWander, 900));
    const double calm = backdrop_ ? 1 - std::exp(-seconds) : 1;  // a given picture is shown as it is at first
    const double drift =
        calm * c.drift * (std::sin(0.31 * seconds + phase) + 0.6 * std::sin(0.53 * seconds + 2 * phase));
    if (c.pan == 0) return drift;
    const Actor& first = play_.actors.front();
    const bool left = first.direction == kLeft ||
                      (first.direction != kRight &&
                       even_draw(play_.seed, draw_key(kWhichWay, static_cast<uint64_t>(first.slot), 1)) < 0.5);
    const double travel = of(world_.motions, first.motion).travel, speed = c.pan * (travel > 0 ? travel : kSlowPan);
    return (left ? -1 : 1) * (speed * seconds + 6 * std::sin(0.4 * seconds + phase)) + drift;
}

// A given picture has no more than its own edges: enlarged a little before it moves, so that none is seen.
View Stage::camera(const View& whole, double seconds) const {
    const Camera& c = of(world_.cameras, play_.camera);
    double zoom = 1, x = 0, y = 0;
    if (c.most > 1) zoom = 1 + (c.most - 1) * 0.5 * (1 - std::cos(kTau * seconds / c.period));
    if (c.x > 0 || c.y > 0) {
        const auto jitter = [&](double a, double b, double p) {
            return 0.6 * std::sin(kTau * a * seconds + p) + 0.4 * std::sin(kTau * b * seconds + 2 * p);
        };
        x = c.x * jitter(2.9, 4.7, 1), y = c.y * jitter(3.7, 5.3, 2);
    }
    if (backdrop_) {
        const double calm = 1 - std::exp(-seconds / 1.5), margin = 0.06;
        zoom *= 1 + calm * (2 * margin + (c.most > 1 ? 0 : 0.03 * (1 - std::cos(0.5 * seconds))));
        const double most = margin * world_.width;
        x += c.pan != 0 ? most * calm * std::sin(0.45 * seconds) : 0.25 * panned(seconds);
        x = std::clamp(x, -most * calm, most * calm),
        y = std::clamp(y, -margin * world_.height * calm, margin * world_.height * calm);
    }
    const double focus = c.most > 1 && !backdrop_
                             ? (actors_.size() == 1 ? actors_.front().layout.home_x : world_.width / 2)
                             : world_.width / 2;
    View v;
    v.scale = whole.scale * zoom;
    v.x = whole.x + whole.scale * (focus * (1 - zoom) + x);
    v.y = whole.y + whole.scale * ((backdrop_ ? world_.height / 2 : world_.eye) * (1 - zoom) + y);
    return v;
}

View Stage::whole_view(const Canvas& canvas) const {
    const double scale = std::max(canvas.width / world_.width, canvas.height / world_.height);
    return {scale, (canvas.width - world_.width * scale) / 2, (canvas.height - world_.height * scale) / 2};
}

// In the hour's light; what hangs in the sky has its own.
Placed Stage::placed(const Prop& prop, bool sky_object, double seconds, double pan) const {
    Placed p;
    p.layer = prop.layer;
    const double shift = prop.flow * seconds + pan * prop.depth;
    if (prop.layer->ring) {
        p.x = -wrap(prop.x + shift, 0, world_.width);
    } else {
        p.x = prop.around > 0 ? wrap(prop.x - shift, (world_.width - prop.around) / 2, prop.around)
                              : prop.x - pan * prop.depth;
        p.y = prop.rise > 0 ? wrap(prop.y - prop.rise * seconds * (0.8 + 0.4 * prop.phase), -12, world_.height + 24)
                            : prop.y;
        if (prop.rise > 0) p.x += 3 * std::sin(kTau * (seconds * 0.5 + prop.phase));
        p.wide = (prop.mirrored ? -1 : 1) * prop.size, p.high = prop.size;
        // Wind: two swings of different length, so that it never quite repeats.
        p.lean = prop.sway * (std::sin(kTau * (0.37 * seconds + prop.phase)) +
                              0.5 * std::sin(kTau * (0.61 * seconds + 2.3 * prop.phase)));
    }
    const Time& time = of(world_.times, play_.time);
    p.rim = time.rim;
    p.tint = sky_object ? prop.tint : time.shine;
    if (sky_object) return p;
    const float k = of(world_.styles, play_.style).light;
    p.mul = mixed({1, 1, 1}, time.mul, k), p.add = mixed({0, 0, 0}, time.add, k);
    return p;
}

void Stage::draw_scene(Canvas& canvas, const View& view, double seconds, bool afloat) const {
    if (alone_) return clear(canvas);
    const Time& time = of(world_.times, play_.time);
    if (backdrop_) {
        Placed p;
        p.layer = backdrop_;
        const auto dusk =
            static_cast<float>(std::clamp(seconds / kHourComes, 0.0, 1.0));  // the picture is by day, whatever it shows
        p.mul = mixed({1, 1, 1}, time.mul, dusk), p.add = mixed({0, 0, 0}, time.add, dusk);
        compose(canvas, view, p);
        return;
    }
    const Scene& scene = of(world_.scenes, play_.scene);
    const Style& style = of(world_.styles, play_.style);
    const auto& sky = scene.sky[static_cast<size_t>(play_.time)];
    fill_sky(canvas, view, mixed(sky[0], style.sky, style.veil), mixed(sky[1], style.sky, style.veil), kHorizon);
    const double pan = panned(seconds);
    for (const Prop& prop : sky_objects_) compose(canvas, view, placed(prop, true, seconds, pan));
    for (const Part& part : parts_) {
        if (part.kind == Item::kAfloat && afloat)
            for (const StageActor& actor : actors_)
                if (actor.afloat) draw_actor(canvas, view, actor, pose(actor, seconds), tint(actor), 1, seconds);
        if (part.kind == Item::kRing || part.kind == Item::kProps)
            compose(canvas, view, placed(part.what, false, seconds, pan));
    }
}

void Stage::draw_actor(Canvas& canvas, const View& view, const StageActor& actor, const Pose& pose, const Rgb& colour,
                       float opacity, double seconds) const {
    const Time& time = of(world_.times, play_.time);
    Placed p;
    p.layer = actor.cells[static_cast<size_t>(pose.cell) % actor.cells.size()];
    p.x = pose.x, p.y = pose.y, p.wide = pose.wide, p.high = pose.high, p.turn = pose.turn, p.pivot = pose.pivot;
    const float dim = 1 + (time.sprites - 1) * of(world_.styles, play_.style).light;
    p.mul = {dim, dim, dim};
    for (size_t k = 0; k < 3; k++) p.tint[k] = colour[k] * dim;
    p.rim = time.rim;
    p.opacity = opacity;
    compose(canvas, view, p);
    if (!snore_ || !of(world_.motions, actor.actor.motion).snore) return;
    // A few letters rise from its head and fade.
    const double u = wrap(seconds / 2.6, 0, 1), side = pose.wide < 0 ? -1 : 1;
    Placed z;
    z.layer = snore_;
    z.x = pose.x + side * actor.layout.size * 24, z.y = pose.y - actor.layout.size * (14 + 16 * u);
    z.wide = z.high = actor.layout.size * (0.55 + 0.25 * u);
    z.tint = world_.letters, z.rim = time.rim;
    z.opacity = opacity * static_cast<float>(std::min(1.0, 4 * std::min(u, 1 - u)));
    compose(canvas, view, z);
}

void Stage::draw_weather(Canvas& canvas, const View& whole, double seconds, float strength) const {
    const Weather& w = of(world_.weathers, play_.weather);
    if (w.count == 0 || strength <= 0 || alone_) return;
    veil(canvas, w.veil, w.strength * strength);
    const double tall = world_.height + 2 * w.length + 8, wide = world_.width + 16;
    for (int64_t i = 0; i < w.count; i++) {
        const auto n = static_cast<uint64_t>(i);
        const auto of_drop = [&](uint64_t what, double low, double high) {
            return random_draw(play_.seed, draw_key(kDrop, n, what), low, high);
        };
        const double near = of_drop(0, 0.75, 1.25);  // nearer ones are larger and faster
        const double fallen = of_drop(1, 0, tall) + w.speed * near * seconds;
        const double y = std::fmod(fallen, tall) - w.length - 4;
        const double lap = std::floor(fallen / tall);
        const double x = wrap(random_draw(play_.seed, draw_key(kDrop, n, 2, static_cast<uint64_t>(lap)), 0, wide) +
                                  w.slant * y + w.wander * std::sin(kTau * (0.3 * seconds * near + of_drop(3, 0, 1))),
                              -8, wide);
        const double radius = of_drop(4, w.radius.low, w.radius.high) * near, s = whole.scale;
        dash(canvas, x * s + whole.x, y * s + whole.y, w.slant * w.length * near * s, w.length * near * s, radius * s,
             w.rgb, w.alpha * strength);
    }
}

void Stage::draw(Canvas& canvas, double seconds) const {
    const View whole = whole_view(canvas), view = camera(whole, seconds);
    draw_scene(canvas, view, seconds, true);
    for (const StageActor& actor : actors_)
        if (!actor.afloat || alone_) draw_actor(canvas, view, actor, pose(actor, seconds), tint(actor), 1, seconds);
    draw_weather(canvas, whole, seconds,
                 backdrop_ ? static_cast<float>(std::clamp(seconds / kHourComes, 0.0, 1.0)) : 1.F);
}

// Who is in both plays goes over from one pose to the other and stays sharp; all else fades.
void Stage::draw_change(Canvas& canvas, double seconds, const Stage& from, double from_seconds, double weight) const {
    const View whole = whole_view(canvas), old_view = from.camera(whole, from_seconds),
               new_view = camera(whole, seconds);
    const auto w = static_cast<float>(weight);
    const View view{old_view.scale + (new_view.scale - old_view.scale) * weight,
                    old_view.x + (new_view.x - old_view.x) * weight, old_view.y + (new_view.y - old_view.y) * weight};
    from.draw_scene(canvas, old_view, from_seconds, false);
    Canvas other(canvas.width, canvas.height);
    draw_scene(other, new_view, seconds, false);
    blend(canvas, other, w);
    std::vector<const StageActor*> left;
    for (const StageActor& actor : from.actors_) left.push_back(&actor);
    for (const StageActor& actor : actors_) {
        const auto same = std::find_if(left.begin(), left.end(), [&](const StageActor* r) {
            return r->actor.slot == actor.actor.slot && r->actor.subject == actor.actor.subject;
        });
        const Pose to = pose(actor, seconds);
        if (same == left.end()) {
            draw_actor(canvas, view, actor, to, tint(actor), w, seconds);
            continue;
        }
        const StageActor& old = **same;
        const bool late = weight >= 0.5;
        const Pose between = Pose::between(from.pose(old, from_seconds), to, weight);
        (late ? *this : from)
            .draw_actor(canvas, view, late ? actor : old, between, mixed(from.tint(old), tint(actor), w), 1, seconds);
        left.erase(same);
    }
    for (const StageActor* actor : left)
        from.draw_actor(canvas, view, *actor, from.pose(*actor, from_seconds), from.tint(*actor), 1 - w, from_seconds);
    from.draw_weather(canvas, whole, from_seconds, 1 - w);
    draw_weather(canvas, whole, seconds, w);
}

}  // namespace zt::storybook
