// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See choreography.h.
#include "families/tableau/choreography.h"

#include <algorithm>
#include <cmath>

namespace zt::tableau {
namespace {

constexpr int kNetSide = 320;          // cells along the longer side, at most; a cell has at least two pixels
constexpr float kBorder = 0.05F;       // so near to the picture's edge motion towards or from it fades, heights
constexpr double kShotSeconds = 8;     // of a shot without an end: until a camera's way is gone

// 0 <= u < 1, another for every question.
float drawn(int64_t seed, uint64_t a, uint64_t b) {
    uint64_t h = static_cast<uint64_t>(seed) * 0x9E3779B97F4A7C15u + a * 0xD1B54A32D192ED03u + b;
    for (int i = 0; i < 2; i++) h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u, h = (h ^ (h >> 27)) * 0x94D049BB133111EBu, h ^= h >> 31;
    return static_cast<float>(h >> 40) * 0x1p-24F;
}
float drawn(int64_t seed, uint64_t a, uint64_t b, float low, float high) { return low + (high - low) * drawn(seed, a, b); }

struct Manner {
    float amount;    // as Move::amount
    double rate;     // rounds per second
    Region own;      // the part it moves where none is said
};
Manner manner_of(Motion motion) {
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

template <class Value>
Map made(const Map& like, Value value) {
    Map map(like.width, like.height);
    for (int y = 0; y < map.height; y++)
        for (int x = 0; x < map.width; x++)
            map.row(y)[x] = value((static_cast<float>(x) + 0.5F) / static_cast<float>(map.width), (static_cast<float>(y) + 0.5F) / static_cast<float>(map.height), x, y);
    return map;
}

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
    const float wide = rows > 0 ? sum / static_cast<float>(rows) / static_cast<float>(subject.width) * aspect : body.width();
    const float half = std::clamp(0.62F * wide, 0.12F * body.height(), 0.5F * std::max(body.width(), part));
    return {cx - half, body.top - 0.15F * part, cx + half, body.top + 1.15F * part};
}

// How far the middle of a spin goes round at a place of its disc, 0..1: at the rim nothing, so that nothing tears.
float swirled(const Extent& disc, float x, float y) {
    const Vec mid = disc.centre();
    return smooth(1.15F - 1.15F * std::hypot((x - mid.x) / std::max(0.5F * disc.width(), 0.02F), (y - mid.y) / std::max(0.5F * disc.height(), 0.02F)));
}

const char* const kParts[kRegions] = {"", "the subject", "the head", "the hair", "the sky", "the water", "the leaves", "the cloth", "the background", "everything", "the left side", "the right side", "the upper part", "the lower part", "the plant"};

}  // namespace

// How far each place takes part in a motion, and the part's extent.
Map Choreography::place_of(Region region, Motion motion, const Sight& s, float amount, Extent& extent) const {
    const float unit = static_cast<float>(s.subject.height);   // values per height
    const Extent whole{0, 0, aspect_, 1};
    Extent own = body_.area > 0.002F ? extent_of(body_, aspect_) : Extent{0.2F * aspect_, 0.1F, 0.8F * aspect_, 0.95F};
    if (body_.cut_below) own.bottom = 1 + 0.08F * own.height();   // his feet are somewhere below
    const float fade = std::clamp(1.4F * amount, 0.035F, 0.12F) + 0.05F * (1 - s.sure);
    const Map subject = spread(s.subject, fade * own.height() * unit);
    // What lies around the subject moves without him; where nearly all of it is taken for the subject (clouds alone in the sky), with him.
    const auto beside_subject = [&](const Map& map) {
        const Map beside = made(map, [&](float, float, int x, int y) { return map.row(y)[x] * (1 - 0.85F * s.sure * subject.row(y)[x]); });
        return beside.mean() < 0.4F * map.mean() ? map : beside;
    };
    const auto part = [&](const Map& map, float radius) {
        const Map seen = blurred(map, static_cast<int>(std::lround(radius * unit)));
        extent = extent_of(body_of(seen), aspect_);
        return beside_subject(seen);
    };
    extent = own;
    switch (region) {
        case kSky: return part(s.sky, 0.02F);
        case kWater: return part(s.water, 0.012F);
        case kFoliage: return part(s.foliage, 0.012F);
        case kPlant: {   // he himself and the leaves about him
            const Map all = made(subject, [&](float, float, int x, int y) { return std::max(subject.row(y)[x], 0.7F * s.foliage.row(y)[x]); });
            extent = extent_of(body_of(all), aspect_);
            return all;
        }
        case kBackground: extent = whole; return made(subject, [&](float, float, int x, int y) { return 1 - subject.row(y)[x]; });
        case kEverything: extent = whole; return Map(subject.width, subject.height, 1);
        case kLeftSide: extent = {0, 0, 0.5F * aspect_, 1}; return made(subject, [](float x, float, int, int) { return smooth((0.62F - x) / 0.3F); });
        case kRightSide: extent = {0.5F * aspect_, 0, aspect_, 1}; return made(subject, [](float x, float, int, int) { return smooth((x - 0.38F) / 0.3F); });
        case kUpperPart: extent = {0, 0, aspect_, 0.55F}; return made(subject, [](float, float y, int, int) { return smooth((0.65F - y) / 0.4F); });
        case kLowerPart: extent = {0, 0.45F, aspect_, 1}; return made(subject, [](float, float y, int, int) { return smooth((y - 0.4F) / 0.4F); });
        case kHead:
        case kHair: {
            extent = head_of(s.subject, own, aspect_);
            const Vec mid = extent.centre();
            const float half_w = 0.5F * extent.width(), half_h = 0.5F * extent.height();
            const bool hair = region == kHair;
            const Map his = hair ? spread(s.subject, 0.015F * own.height() * unit) : subject;
            return made(subject, [&](float x, float y, int i, int j) {
                const float px = (x * aspect_ - mid.x) / half_w, py = (y - mid.y) / half_h, rho = std::hypot(px, py);
                if (!hair) return smooth((1.25F - rho) / 0.4F) * std::min(1.F, 0.25F + subject.row(j)[i]);
                // All round a face but its middle; long hair hangs below it on both sides.
                const float around = std::hypot(px, py > 0 ? 0.5F * py : py);
                return smooth((rho - 0.45F) / 0.35F) * smooth((1.9F - around) / 0.6F) * smooth(std::max((1.6F - py) / 1.2F, std::abs(px) - 0.4F)) * his.row(j)[i];
            });
        }
        default: break;
    }
    if (motion == kSpin && lifted_ != kWhoeverItIsOf) return made(subject, [&](float x, float y, int i, int j) { return swirled(extent, x * aspect_, y) * std::min(1.F, 0.2F + subject.row(j)[i]); });
    if (motion == kPulse || motion == kSpin || motion == kBlink) extent.bottom = std::min(extent.bottom, 1.F);
    if (lifted_ == kWhoeverItIsOf) return {1, 1, 1};   // he alone moves, so nothing has to fade
    return subject;
}

// A hop, a flight, a fall, a whole turn: only of somebody who is surely seen, whole, and not all of the picture.
bool Choreography::goes_far(const Deed& d, const Sight& s) const {
    if (s.sure <= 0.6F || body_.area < 0.01F) return false;
    // What is cut off below or at the side may fall: no more of it comes into sight.
    const bool whole = d.motion == kFall || !body_.cut_below;
    if (body_.area > (d.motion == kFall ? 0.85F : d.motion == kSpin ? 0.75F : 0.6F)) return false;
    const bool of_him = d.region == kSubject || (d.region == kNatural && d.motion != kFall) || d.region == kPlant;
    return whole && of_him && (d.motion == kHop || (d.motion == kDrift && !body_.cut_beside) || d.motion == kFall || (d.motion == kSwim && d.direction != kNowhere && !body_.cut_beside) || (d.motion == kSpin && !body_.cut_beside && body_.round > 0.62F));
}

void Choreography::add(Deed d, const Sight& sight, const Asked& asked, uint64_t which, bool guessed) {
    const auto has = [](const Map& map) { return map.mean() > 0.02F; };
    if (d.motion == kMove && (d.region == kNatural || d.region == kEverything)) return add_own(sight, asked);
    Region region = d.region == kNatural ? manner_of(d.motion).own : d.region;
    // One plant, and nobody else named: whom the picture is of, if anybody is.
    if (region == kPlant) region = sight.sure <= 0.6F || asked.subject_named ? kFoliage : d.motion == kWind || d.motion == kFlow || d.motion == kRipple ? kPlant : kSubject;
    // A part that is not there is whom the picture is of; what a part does is what such things do.
    const bool missing = (region == kSky && !has(sight.sky)) || (region == kWater && !has(sight.water)) || (region == kFoliage && !has(sight.foliage));
    guessed = guessed || missing;
    if (missing) {
        const Region instead = region == kSky ? kUpperPart : region == kWater ? kLowerPart : kSubject;
        if (d.region != kNatural) notes_.push_back("expected " + std::string(kParts[region]) + " in the picture, got none; " + kParts[instead] + " moves");
        region = instead;
    }
    const bool airy = region == kSky || (region == kUpperPart && d.region == kSky), wet = region == kWater || (region == kLowerPart && (d.region == kWater || d.motion == kRipple)), leafy = region == kFoliage || region == kPlant;
    if (d.motion == kMove) d.motion = airy ? kFlow : wet ? kRipple : leafy || region == kHair ? kWind : region == kCloth ? kWave : region == kHead ? kTurn : d.direction != kNowhere ? kDrift : kSway;
    if (region == kSubject && d.motion == kWind) d.motion = kSway;
    if (d.motion == kWave) d.motion = wet ? kRipple : leafy || region == kHair ? kWind : region == kSubject ? kSway : airy ? kFlow : kWave;
    if (airy && (d.motion == kDrift || d.motion == kSway || d.motion == kWind || d.motion == kRipple || d.motion == kFall)) d.motion = kFlow;
    if ((leafy || region == kHair) && (d.motion == kSway || d.motion == kRipple || d.motion == kFlow || d.motion == kDrift || d.motion == kBounce)) d.motion = kWind;
    if (wet && d.motion == kFall) d.motion = kFlow, d.direction = kDown;
    if (wet && (d.motion == kSway || d.motion == kBounce || d.motion == kWind || d.motion == kTremble)) d.motion = kRipple;
    if (region == kCloth && d.motion == kRipple) d.motion = kWave;
    if (region == kCloth && (d.motion == kWind || d.motion == kFlow || d.motion == kSway || d.motion == kDrift)) d.motion = kWave;
    if (region == kSubject && d.motion == kFlow) d.motion = kDrift;
    if (d.region == kNatural && (asked.still[region] || asked.still[kEverything])) return;
    // Who cannot be taken out of the picture cannot fall through it.
    const bool far = lifted_ == kWhoeverItIsOf && goes_far(d, sight);
    if (d.motion == kFall && region != kEverything && !far) d.motion = kDrift, d.direction = kDown;
    if (d.motion == kFall && region == kEverything && lifted_ != kSpecks) {
        notes_.push_back("nothing small that falls or rises is seen in the picture");
        return add_own(sight, asked);
    }

    const Manner manner = manner_of(d.motion);
    Move m;
    m.motion = d.motion;
    m.aspect = aspect_;
    const bool of_subject = region == kSubject || region == kHead || region == kHair || region == kCloth;
    // Where it is not sure who moves, less moves.
    const float trust = of_subject ? 0.55F + 0.45F * sight.sure : 1.F;
    m.amount = manner.amount * trust * std::clamp(d.amount, 0.2F, 3.F) * settings_.motion * drawn(seed_, which, 1, 0.88F, 1.12F);
    m.rate = manner.rate * static_cast<double>(std::clamp(d.tempo, 0.25F, 4.F) * settings_.tempo * drawn(seed_, which, 2, 0.87F, 1.15F));
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
    m.lifted = (lifted_ == kWhoeverItIsOf && of_subject) || (lifted_ == kSpecks && d.motion == kFall);
    if (far && d.motion == kHop) m.amount *= 2.2F;
    if (far && d.motion == kDrift && d.direction == kNowhere) m.amount *= 2.2F;
    m.leaves = far && (d.motion == kFall || (d.motion == kDrift && d.direction != kNowhere));
    if (far && d.motion == kSpin) m.amount = 0, m.rate *= 0.7;   // round and round
    m.weight = place_of(region, d.motion, sight, m.amount, m.extent);
    // Where sky or water is only guessed to be, whoever stands there and what grows there is not it.
    if (guessed && region != kSubject)
        m.weight = made(m.weight, [&](float x, float y, int i, int j) { return m.weight.row(j)[i] * (1 - sight.foliage.at(x, y)) * (1 - sight.sure * smooth(2 * sight.subject.at(x, y))) * (region == kLowerPart ? 1 - sight.sky.at(x, y) : 1.F); });
    // A water, a sky that is hardly there: see above.
    if (m.weight.mean() < 0.01F && (region == kSky || region == kWater || region == kFoliage)) {
        d.region = region == kSky ? kUpperPart : region == kWater ? kLowerPart : kSubject;
        if (region == kSky && d.motion == kDrift) d.motion = kFlow;
        notes_.push_back("expected " + std::string(kParts[region]) + " in the picture, got hardly any; " + kParts[d.region] + " moves");
        return add(d, sight, asked, which, true);
    }
    if (far && d.motion == kSwim) {   // it swims along, not on the spot
        Deed along = d;
        along.motion = kDrift;
        add(along, sight, asked, which);
    }
    if (d.motion == kFlow) flows_.push_back(std::move(m));
    else moves_.push_back(std::move(m));
    told_ += (told_.empty() ? "" : ", ") + std::string(name_of(d.motion)) + " of " + kParts[region];
}

// A picture of which nothing is said lives a little, by what is in it.
void Choreography::add_own(const Sight& sight, const Asked& asked) {
    const auto deed = [&](Motion motion, Region region, float amount, uint64_t which) {
        Deed d;
        d.motion = motion, d.region = region, d.amount = amount;
        add(d, sight, asked, 100 + which);
    };
    if (sight.sky.mean() > 0.06F) deed(kFlow, kSky, 0.7F, 0);
    if (sight.water.mean() > 0.06F) deed(kRipple, kWater, 1, 1);
    if (sight.foliage.mean() > 0.05F) deed(kWind, kFoliage, 0.8F, 2);
    if (sight.sure > 0.4F) {
        const float which = drawn(seed_, 90, 0);
        deed(which < 0.5F ? kBreathe : kSway, kSubject, which < 0.5F ? 1.F : 0.5F, 3);
    }
}

Choreography::Choreography(const Asked& asked, const Sight& sight, int width, int height, int64_t seed, const Settings& settings)
    : width_(width), height_(height), aspect_(static_cast<float>(width) / static_cast<float>(height)), seed_(seed), settings_(settings), clock_{settings.loop} {
    notes_ = asked.notes;
    // Near and far change gently, so that nothing tears between them.
    const int radius = std::max(1, static_cast<int>(std::lround(0.02F * static_cast<float>(sight.depth.height))));
    depth_ = blurred(sight.depth, radius);
    body_ = body_of(sight.subject);
    const auto any = [&](auto is) { return std::any_of(asked.deeds.begin(), asked.deeds.end(), is); };
    if (any([&](const Deed& d) { return goes_far(d, sight); })) lifted_ = kWhoeverItIsOf;
    else if (sight.specks.width > 0 && any(falls_all_over)) lifted_ = kSpecks;
    for (size_t i = 0; i < asked.deeds.size(); i++) add(asked.deeds[i], sight, asked, i);
    std::vector<CameraMove> cameras = asked.cameras;
    const bool all_still = asked.still[kEverything];
    if (asked.deeds.empty() && !all_still) {
        if (!asked.camera_said || asked.cameras.empty()) add_own(sight, asked);
        if (!asked.camera_said && !sight.given) {
            const float which = drawn(seed, 91, 0);
            cameras.push_back({which < 0.6F ? kDollyIn : which < 0.8F ? kOrbit : kZoomIn, 1, 0.7F});
        }
    }
    const double seconds = settings.loop > 0 ? settings.loop : settings.seconds > 0 ? std::clamp(settings.seconds, 2.0, 20.0) : kShotSeconds;
    std::string seen_by;
    for (size_t i = 0; i < cameras.size() && i < 3; i++) {
        if (cameras[i].camera == kStill) continue;
        if (std::any_of(paths_.begin(), paths_.end(), [&](const CameraPath& p) { return p.move().camera == cameras[i].camera; })) continue;
        cameras[i].tempo *= settings.tempo, cameras[i].amount *= settings.motion;
        paths_.emplace_back(cameras[i], aspect_, seconds, drawn(seed, 92, i));
        seen_by += (seen_by.empty() ? "" : " and ") + std::string(name_of(cameras[i].camera));
        if (cameras[i].camera == kZoomOut || cameras[i].camera == kDollyOut) notes_.push_back("nothing is known outside the picture: the camera goes in first, then out");
    }
    if (told_.empty()) told_ = "nothing moves";
    told_ += "; camera: " + (seen_by.empty() ? "still" : seen_by);
}

void Choreography::prepare(Look& look) const {
    const float most = static_cast<float>(std::max(width_, height_)), cells = std::min(static_cast<float>(kNetSide), most / 2);
    const auto count = [&](int side) { return std::max(1, static_cast<int>(std::lround(cells * static_cast<float>(side) / most))); };
    if (look.first.columns == 0) look.first = Net(count(width_), count(height_));
    if (!flows_.empty() && look.second.columns == 0) look.second = look.first, look.weight.assign(look.first.x.size(), 0.F);
    if (lifted_ != kNothing && look.layer.columns == 0) look.layer = look.first;
}

void Choreography::fill(Look& look, double seconds, int from, int to) const {
    std::vector<Instant> now(moves_.size());
    for (size_t i = 0; i < moves_.size(); i++) now[i] = instant_of(moves_[i], clock_, seconds);
    std::vector<CameraPath::Eye> eyes;
    for (const CameraPath& path : paths_) eyes.push_back(path.at(clock_, seconds));
    // Each look at what flows is carried from half a round before its place to half a round behind it; at time 0 the first one is there.
    struct Carried {
        float first, second, weight;   // shares of a round, from the middle
    };
    std::vector<Carried> carried;
    for (const Move& m : flows_) {
        const double r = clock_.rate(m.rate) * seconds;
        const auto a = static_cast<float>(r + 0.5 - std::floor(r + 0.5)), b = static_cast<float>(r - std::floor(r));
        carried.push_back({a - 0.5F, b - 0.5F, std::abs(2 * a - 1)});
    }
    const size_t line = static_cast<size_t>(look.first.columns) + 1;
    const auto pixel = static_cast<float>(height_);
    for (int j = from; j <= to; j++)
        for (int i = 0; i <= look.first.columns; i++) {
            const size_t at = static_cast<size_t>(j) * line + static_cast<size_t>(i);
            Vec p{aspect_ * static_cast<float>(i) / static_cast<float>(look.first.columns), static_cast<float>(j) / static_cast<float>(look.first.rows)};
            for (const CameraPath::Eye& eye : eyes) p = seen(eye, depth_, aspect_, p.x, p.y);
            Vec gone, his;
            for (size_t k = 0; k < moves_.size(); k++) {
                const Vec d = displaced(moves_[k], clock_, now[k], p.x, p.y);
                Vec& sum = moves_[k].lifted ? his : gone;
                sum.x += d.x, sum.y += d.y;
            }
            if (lifted_ != kNothing) look.layer.x[at] = (p.x - his.x) * pixel - 0.5F, look.layer.y[at] = (p.y - his.y) * pixel - 0.5F;
            // The farther something goes, the sooner it slows down before the picture's edge.
            const float edge_x = smooth(std::min(p.x, aspect_ - p.x) / std::max(kBorder, 3 * std::abs(gone.x))), edge_y = smooth(std::min(p.y, 1 - p.y) / std::max(kBorder, 3 * std::abs(gone.y)));
            gone.x *= edge_x, gone.y *= edge_y;
            look.first.x[at] = (p.x - gone.x) * pixel - 0.5F, look.first.y[at] = (p.y - gone.y) * pixel - 0.5F;
            if (flows_.empty()) continue;
            Vec a, b;
            float weight = 0, most = 0;
            for (size_t k = 0; k < flows_.size(); k++) {
                const Move& m = flows_[k];
                const float much = m.weight.at(p.x / aspect_, p.y), far = m.amount * much;
                a.x += far * m.way_x * carried[k].first, a.y += far * m.way_y * carried[k].first;
                b.x += far * m.way_x * carried[k].second, b.y += far * m.way_y * carried[k].second;
                if (much > most) most = much, weight = carried[k].weight;
            }
            look.first.x[at] -= a.x * edge_x * pixel, look.first.y[at] -= a.y * edge_y * pixel;
            look.second.x[at] = (p.x - gone.x - b.x * edge_x) * pixel - 0.5F, look.second.y[at] = (p.y - gone.y - b.y * edge_y) * pixel - 0.5F;
            look.weight[at] = most > 1e-3F ? weight : 0.F;
        }
}

void mix(Look& to, const Look& from, float weight) {
    for (size_t i = 0; i < to.first.x.size(); i++) {
        const auto blend = [&](float& a, float b) { a += (b - a) * weight; };
        const bool two = !to.weight.empty(), other = !from.weight.empty();
        if (two) {
            blend(to.second.x[i], other ? from.second.x[i] : from.first.x[i]), blend(to.second.y[i], other ? from.second.y[i] : from.first.y[i]);
            blend(to.weight[i], other ? from.weight[i] : 0.F);
        }
        if (to.layer.columns > 0) {   // who is lifted out in one only moves with the picture in the other
            const Net& his = from.layer.columns > 0 ? from.layer : from.first;
            blend(to.layer.x[i], his.x[i]), blend(to.layer.y[i], his.y[i]);
        }
        blend(to.first.x[i], from.first.x[i]), blend(to.first.y[i], from.first.y[i]);
    }
}

}  // namespace zt::tableau
