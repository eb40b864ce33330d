// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See choreography.h.
#include "families/tableau/choreography.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "families/tableau/discs.h"
#include "families/tableau/manners.h"

namespace zt::tableau {
namespace {

constexpr int kNetSide = 320;        // cells along the longer side, at most; a cell has at least two pixels
constexpr float kBorder = 0.05F;     // so near to the picture's edge motion towards or from it fades, heights
constexpr float kLids = 1.9F;        // an eye with its lids, of the eye's size
constexpr double kWholeTurns = 0.7;  // of the rate of a turn to and fro
constexpr float kPasses = 3;         // times as far as where the sky is seen through what stands before it
constexpr double kShotSeconds = 8;   // of a shot without an end: until a camera's way is gone

// 0 <= u < 1, another for every question.
float drawn(int64_t seed, uint64_t a, uint64_t b) {
    uint64_t h = static_cast<uint64_t>(seed) * 0x9E3779B97F4A7C15u + a * 0xD1B54A32D192ED03u + b;
    for (int i = 0; i < 2; i++)
        h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u, h = (h ^ (h >> 27)) * 0x94D049BB133111EBu, h ^= h >> 31;
    return static_cast<float>(h >> 40) * 0x1p-24F;
}
float drawn(int64_t seed, uint64_t a, uint64_t b, float low, float high) {
    return low + (high - low) * drawn(seed, a, b);
}

}  // namespace

// How much, how fast and which way: as such motions do, as the sentence says, and as the seed draws.
Move Choreography::drawn_move(const Deed& d, float trust, uint64_t which) const {
    const Manner manner = manner_of(d.motion);
    Move m;
    m.motion = d.motion;
    m.aspect = aspect_;
    m.amount = manner.amount * trust * std::clamp(d.amount, 0.2F, 3.F) * settings_.motion *
               drawn(seed_, which, 1, 0.88F, 1.12F);
    m.rate = manner.rate * static_cast<double>(std::clamp(d.tempo, 0.25F, 4.F) * settings_.tempo *
                                               drawn(seed_, which, 2, 0.87F, 1.15F));
    m.phase = drawn(seed_, which, 3), m.phase2 = drawn(seed_, which, 4);
    const float side = drawn(seed_, which, 5) < 0.5F ? -1.F : 1.F;
    m.way_x = side, m.way_y = 0;
    switch (d.direction) {
        case kLeft: m.way_x = -1; break;
        case kRight: m.way_x = 1; break;
        case kUp: m.way_x = 0, m.way_y = -1; break;
        case kDown: m.way_x = 0, m.way_y = 1; break;
        default:
            if (d.motion == kDrift) m.way_x = 0, m.way_y = -1;
            if (d.motion == kFall) m.way_x = 0, m.way_y = 1;
    }
    if (d.motion == kSway || d.motion == kTurn) m.phase = d.direction == kNowhere ? (side > 0 ? 0 : 0.5) : 0;
    return m;
}

// What goes far is lifted out of the picture, and may leave it.
void Choreography::let_go_far(Move& m, const Settled& settled, const Sight& sight) const {
    const Deed& d = settled.deed;
    if (d.motion == kHop) m.amount *= 2.2F;
    if (d.motion == kDrift && d.direction == kNowhere) m.amount *= 2.2F;
    if (d.motion == kGrow || d.motion == kShrink) m.amount *= 3;
    m.leaves = d.motion == kFall || (d.motion == kDrift && d.direction != kNowhere);
    if (d.motion == kSpin) m.goes_round = true, m.rate *= kWholeTurns, m.upright = !turns_whole(settled, sight);
}

// Where sky or water is only guessed to be, whoever stands there and what grows there is not it.
Map Choreography::without_others(const Map& weight, Region region, const Sight& sight) {
    return made(weight, [&](float x, float y, int i, int j) {
        return weight.row(j)[i] * (1 - sight.foliage.at(x, y)) * (1 - sight.sure * smooth(2 * sight.subject.at(x, y))) *
               (region == kLowerPart ? 1 - sight.sky.at(x, y) : 1.F);
    });
}

void Choreography::add(Settled settled, const Sight& sight, const Asked& asked, uint64_t which) {
    Deed& d = settled.deed;
    const Region region = settled.region;
    if (d.motion == kMove) return add_own(sight, asked);
    if (d.region == kNatural && (asked.still[region] || asked.still[kEverything])) return;
    // Who cannot be taken out of the picture cannot fall through it.
    const bool far = lifted_ == kWhoeverItIsOf && goes_far(settled, sight);
    if (d.motion == kFall && region != kEverything && !far) d.motion = kDrift, d.direction = kDown;
    if (d.motion == kFall && region == kEverything && lifted_ != kSpecks) {
        notes_.push_back("nothing small that falls or rises is seen in the picture");
        return add_own(sight, asked);
    }

    // The same of the same place was asked for in other words.
    if (std::find(done_.begin(), done_.end(), std::pair(d.motion, region)) != done_.end()) return;
    done_.emplace_back(d.motion, region);

    const bool of_subject = region == kSubject || region == kHead || region == kHair || region == kCloth;
    // Where it is not sure who moves, less moves.
    Move m = drawn_move(d, of_subject ? 0.55F + 0.45F * sight.sure : 1.F, which);
    m.lifted = (lifted_ == kWhoeverItIsOf && of_subject) || (lifted_ == kSpecks && d.motion == kFall);
    if (far) let_go_far(m, settled, sight);
    told_ += (told_.empty() ? "" : ", ") + std::string(name_of(d.motion)) + " of " + part_name(region);
    if (d.motion == kSpin && lifted_ == kDiscs) return add_turning(std::move(m), sight);
    if (d.motion == kBlink && !sight.eyes.empty()) {
        m.closes = true, m.weight = {1, 1, 1};
        for (const Disc& eye : sight.eyes) m.extent = extent_of(eye, kLids), moves_.push_back(m);
        return;
    }
    if (settled.guessed && d.motion == kFlow) m.amount *= 0.5F;  // what is no water is seen twice the less
    m.weight = place_of(region, d.motion, sight, m.amount, m.extent);
    if (settled.guessed && region != kSubject) m.weight = without_others(m.weight, region, sight);
    if (region == kSubject && (d.motion == kSwim || d.motion == kBounce) &&
        (far || d.direction == kNearer || d.direction == kFarther)) {  // he swims, walks along, not on the spot
        Settled along = settled;
        along.deed.motion = d.direction == kNearer ? kGrow : d.direction == kFarther ? kShrink : kDrift;
        add(along, sight, asked, which);
    }
    if (d.motion == kFlow && region != kSky) flows_elsewhere_ = true;
    if (d.motion == kFlow)
        flows_.push_back(std::move(m));
    else
        moves_.push_back(std::move(m));
}

// The discs that were lifted out turn, each about its own middle.
void Choreography::add_turning(Move m, const Sight& sight) {
    if (std::any_of(moves_.begin(), moves_.end(), [](const Move& o) { return o.goes_round; })) return;
    m.goes_round = m.lifted = true, m.rate *= kWholeTurns;
    const auto first = static_cast<std::ptrdiff_t>(moves_.size());
    for (const Disc& disc : turning_) {
        Move one = m;
        one.extent = extent_of(disc, 1), one.flat = disc.high / disc.across;
        one.weight =
            spread(map_of({disc}, sight.subject, aspect_), 2);  // to its rim and a little beyond: its alpha ends it
        for (float& v : one.weight.values) v = v > 0.01F ? 1.F : 0.F;
        moves_.push_back(std::move(one));
    }
    // Where no disc is, the layer shows nothing; the first of them says so, and halfway to a disc's 1 it is still below
    // 0.
    Map& seen = moves_[static_cast<size_t>(first)].weight;
    for (size_t i = 0; i < seen.values.size(); i++)
        if (std::all_of(moves_.begin() + first, moves_.end(), [&](const Move& o) { return o.weight.values[i] == 0; }))
            seen.values[i] = -2.5F;
}

// A picture of which nothing is said lives a little, by what is in it.
void Choreography::add_own(const Sight& sight, const Asked& asked) {
    if (std::exchange(has_own_, true)) return;
    const auto deed = [&](Motion motion, Region region, float amount, uint64_t which) {
        Deed d;
        d.motion = motion, d.region = region, d.amount = amount;
        add(settled(d, sight, asked), sight, asked, 100 + which);
    };
    if (sight.sky.mean() > 0.06F) deed(kFlow, kSky, 0.7F, 0);
    if (sight.water.mean() > 0.06F) deed(kRipple, kWater, 1, 1);
    if (sight.foliage.mean() > 0.05F) deed(kWind, kFoliage, 0.8F, 2);
    if (sight.sure > 0.4F) {
        const float which = drawn(seed_, 90, 0);
        deed(which < 0.5F ? kBreathe : kSway, kSubject, which < 0.5F ? 1.F : 0.5F, 3);
    }
}

Choreography::Choreography(const Asked& asked, const Sight& seen, int width, int height, int64_t seed,
                           const Settings& settings)
    : width_(width), height_(height), aspect_(static_cast<float>(width) / static_cast<float>(height)), seed_(seed),
      settings_(settings), clock_{settings.loop} {
    notes_ = asked.notes;
    // "The ball bounces", and nobody else is named: it is what the picture is of.
    Sight sight = seen;
    if (!asked.subject_named && !seen.discs.empty() &&
        std::any_of(asked.deeds.begin(), asked.deeds.end(),
                    [](const Deed& d) { return d.region == kRound && d.motion != kSpin; }))
        sight.subject = map_of({seen.discs.front()}, seen.subject, aspect_), sight.sure = 0.9F;
    // Near and far change gently, so that nothing tears between them.
    const int radius = std::max(1, static_cast<int>(std::lround(0.02F * static_cast<float>(sight.depth.height))));
    depth_ = blurred(sight.depth, radius);
    body_ = body_of(sight.subject, sight.exact), subject_ = sight.subject;
    std::vector<Settled> deeds;
    for (const Deed& d : asked.deeds) deeds.push_back(settled(d, sight, asked));
    const auto first = [&](auto is) { return std::find_if(deeds.begin(), deeds.end(), is); };
    if (first([&](const Settled& d) { return goes_far(d, sight); }) != deeds.end())
        lifted_ = kWhoeverItIsOf;
    else if (sight.specks.width > 0 && std::any_of(asked.deeds.begin(), asked.deeds.end(), falls_all_over))
        lifted_ = kSpecks;
    else
        for (const bool round : {true, false})  // what is called round before whoever is
            for (const Settled& d : deeds)
                if (turning_.empty() && (d.region == kRound) == round) turning_ = discs_of(d, sight);
    if (!turning_.empty()) lifted_ = kDiscs;
    for (size_t i = 0; i < deeds.size(); i++) add(deeds[i], sight, asked, i);
    std::vector<CameraMove> cameras = asked.cameras;
    const bool all_still = asked.still[kEverything];
    if (asked.deeds.empty() && !all_still) {
        if (!asked.camera_said || asked.cameras.empty()) add_own(sight, asked);
        if (!asked.camera_said && !sight.given) {
            const float which = drawn(seed, 91, 0);
            cameras.push_back({which < 0.6F ? kDollyIn : which < 0.8F ? kOrbit : kZoomIn, 1, 0.7F});
        }
    }
    const double seconds = settings.loop > 0      ? settings.loop
                           : settings.seconds > 0 ? std::clamp(settings.seconds, 2.0, 20.0)
                                                  : kShotSeconds;
    std::string seen_by;
    for (size_t i = 0; i < cameras.size() && i < 3; i++) {
        if (cameras[i].camera == kStill) continue;
        if (std::any_of(paths_.begin(), paths_.end(),
                        [&](const CameraPath& p) { return p.move().camera == cameras[i].camera; }))
            continue;
        cameras[i].tempo *= settings.tempo, cameras[i].amount *= settings.motion;
        paths_.emplace_back(cameras[i], aspect_, seconds, drawn(seed, 92, i));
        seen_by += (seen_by.empty() ? "" : " and ") + std::string(name_of(cameras[i].camera));
        if (cameras[i].camera == kZoomOut || cameras[i].camera == kDollyOut)
            notes_.push_back("nothing is known outside the picture: the camera goes in first, then out");
    }
    let_sky_pass(sight);
    if (told_.empty()) told_ = "nothing moves";
    told_ += "; camera: " + (seen_by.empty() ? "still" : seen_by);
}

// Where nothing but the sky flows, it does so behind all the rest, as far as it likes.
void Choreography::let_sky_pass(const Sight& sight) {
    if (flows_.empty() || flows_elsewhere_ || lifted_ != kNothing || sight.open_sky.width == 0) return;
    lifted_ = kAllButSky;
    subject_ = sight.open_sky;
    for (float& v : subject_.values) v = 1 - v;
    for (Move& m : flows_) m.amount *= kPasses;
}

bool Choreography::goes_on_below() const {
    return body_.cut_below && std::none_of(moves_.begin(), moves_.end(), [](const Move& m) {
               return m.lifted && m.leaves && (m.motion == kFall || m.way_y != 0);
           });
}

void Choreography::prepare(Look& look) const {
    const float most = static_cast<float>(std::max(width_, height_)),
                cells = std::min(static_cast<float>(kNetSide), most / 2);
    const auto count = [&](int side) {
        return std::max(1, static_cast<int>(std::lround(cells * static_cast<float>(side) / most)));
    };
    if (look.first.columns == 0) look.first = Net(count(width_), count(height_));
    if (seen_twice() && look.second.columns == 0)
        look.second = look.first, look.weight.assign(look.first.x.size(), 0.F);
    if (lifted_ != kNothing && look.layer.columns == 0) look.layer = look.first;
}

Choreography::Moment Choreography::moment_at(double seconds) const {
    Moment moment;
    for (const Move& m : moves_) moment.moves.push_back(instant_of(m, clock_, seconds));
    for (const CameraPath& path : paths_) moment.eyes.push_back(path.at(clock_, seconds));
    for (const Move& m : flows_) {
        const double r = clock_.rate(m.rate) * seconds;
        const auto a = static_cast<float>(r + 0.5 - std::floor(r + 0.5)), b = static_cast<float>(r - std::floor(r));
        if (!seen_twice()) {  // outside the picture there is sky too, if only a mirror's
            moment.carried.push_back({static_cast<float>(r), 0, 0});
            continue;
        }
        // Both show for half of the time, or what has an edge would always be seen twice.
        moment.carried.push_back({a - 0.5F, b - 0.5F, smooth(2 * std::abs(2 * a - 1) - 0.5F)});
    }
    for (size_t k = 0; k < flows_.size(); k++) {
        const Move& m = flows_[k];
        const Carried& c = moment.carried[k];
        moment.sky_first.x += m.amount * m.way_x * c.first, moment.sky_first.y += m.amount * m.way_y * c.first;
        moment.sky_second.x += m.amount * m.way_x * c.second, moment.sky_second.y += m.amount * m.way_y * c.second;
    }
    return moment;
}

void Choreography::fill(Look& look, double seconds, int from, int to) const {
    const Moment moment = moment_at(seconds);
    const size_t line = static_cast<size_t>(look.first.columns) + 1;
    for (int j = from; j <= to; j++)
        for (int i = 0; i <= look.first.columns; i++) {
            Vec p{aspect_ * static_cast<float>(i) / static_cast<float>(look.first.columns),
                  static_cast<float>(j) / static_cast<float>(look.first.rows)};
            for (const CameraPath::Eye& eye : moment.eyes) p = seen(eye, depth_, aspect_, p.x, p.y);
            fill_corner(look, static_cast<size_t>(j) * line + static_cast<size_t>(i), moment, p);
        }
}

// One corner of the nets, which shows the place p of the picture where nothing moves.
void Choreography::fill_corner(Look& look, size_t at, const Moment& moment, Vec p) const {
    const auto pixel = static_cast<float>(height_);
    Vec gone, his;
    for (size_t k = 0; k < moves_.size(); k++) {
        const Vec d = displaced(moves_[k], clock_, moment.moves[k], p.x, p.y);
        Vec& sum = moves_[k].lifted ? his : gone;
        sum.x += d.x, sum.y += d.y;
    }
    if (lifted_ != kNothing)
        look.layer.x[at] = (p.x - his.x) * pixel - 0.5F, look.layer.y[at] = (p.y - his.y) * pixel - 0.5F;
    // The farther something goes, the sooner it slows down before the picture's edge.
    const Vec edge{smooth(std::min(p.x, aspect_ - p.x) / std::max(kBorder, 3 * std::abs(gone.x))),
                   smooth(std::min(p.y, 1 - p.y) / std::max(kBorder, 3 * std::abs(gone.y)))};
    gone.x *= edge.x, gone.y *= edge.y;
    if (lifted_ == kAllButSky) {
        look.layer.x[at] = (p.x - gone.x) * pixel - 0.5F, look.layer.y[at] = (p.y - gone.y) * pixel - 0.5F;
        look.first.x[at] = (p.x - moment.sky_first.x) * pixel - 0.5F,
        look.first.y[at] = (p.y - moment.sky_first.y) * pixel - 0.5F;
        if (!seen_twice()) return;
        look.second.x[at] = (p.x - moment.sky_second.x) * pixel - 0.5F,
        look.second.y[at] = (p.y - moment.sky_second.y) * pixel - 0.5F;
        look.weight[at] = moment.carried.front().weight;
        return;
    }
    look.first.x[at] = (p.x - gone.x) * pixel - 0.5F, look.first.y[at] = (p.y - gone.y) * pixel - 0.5F;
    if (!flows_.empty()) fill_flow(look, at, moment, p, gone, edge);
}

// What flows through that corner; gone: how far the place has moved with everything else; edge: how much of a motion
// is left before the picture's edge.
void Choreography::fill_flow(Look& look, size_t at, const Moment& moment, Vec p, Vec gone, Vec edge) const {
    const auto pixel = static_cast<float>(height_);
    Vec a, b;
    float weight = 0, most = 0;
    for (size_t k = 0; k < flows_.size(); k++) {
        const Move& m = flows_[k];
        const Carried& c = moment.carried[k];
        const float much = m.weight.at(p.x / aspect_, p.y), far = m.amount * much;
        a.x += far * m.way_x * c.first, a.y += far * m.way_y * c.first;
        b.x += far * m.way_x * c.second, b.y += far * m.way_y * c.second;
        if (much > most) most = much, weight = c.weight;
    }
    look.first.x[at] -= a.x * edge.x * pixel, look.first.y[at] -= a.y * edge.y * pixel;
    look.second.x[at] = (p.x - gone.x - b.x * edge.x) * pixel - 0.5F,
    look.second.y[at] = (p.y - gone.y - b.y * edge.y) * pixel - 0.5F;
    look.weight[at] = most > 1e-3F ? weight : 0.F;
}

void mix(Look& to, const Look& from, float weight) {
    for (size_t i = 0; i < to.first.x.size(); i++) {
        const auto blend = [&](float& a, float b) { a += (b - a) * weight; };
        const bool two = !to.weight.empty(), other = !from.weight.empty();
        if (two) {
            blend(to.second.x[i], other ? from.second.x[i] : from.first.x[i]),
                blend(to.second.y[i], other ? from.second.y[i] : from.first.y[i]);
            blend(to.weight[i], other ? from.weight[i] : 0.F);
        }
        if (to.layer.columns > 0) {  // who is lifted out in one only moves with the picture in the other
            const Net& his = from.layer.columns > 0 ? from.layer : from.first;
            blend(to.layer.x[i], his.x[i]), blend(to.layer.y[i], his.y[i]);
        }
        blend(to.first.x[i], from.first.x[i]), blend(to.first.y[i], from.first.y[i]);
    }
}

}  // namespace zt::tableau
