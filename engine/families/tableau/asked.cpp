// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reads words.json and sentences. The file:
//   {"version": 1, "variants": "貓猫 ..", "verbs": {MEANING: "sway, swing|swung"}, "nouns": {MEANING: "cloud,
//   leaf|leaves"}, "words": {MEANING: "slowly, 慢慢"}}
// Verbs and nouns get their English forms (text/inflection.h), words stand as they are; Chinese may stand anywhere. A
// meaning is a list of motion=, region=, camera=, direction=, tempo= and amount= (factors), and of the words below.
//
// A sentence is read clause by clause. In a clause the places named and the motions named belong together; a direction,
// a tempo or a strength belongs to the motion before it, else to the next one. A noun that is not known is whom the
// picture is of.
#include "families/tableau/asked.h"

#include <algorithm>
#include <utility>

#include "core/json.h"
#include "core/text_number.h"
#include "text/inflection.h"
#include "text/word_list.h"

namespace zt::tableau {
namespace {

constexpr const char* kMotionNames[kMotions] = {"sway",  "bounce",  "hop",  "drift",  "ripple", "wave", "breathe",
                                                "pulse", "blink",   "wind", "flow",   "fall",   "spin", "turn",
                                                "nod",   "tremble", "grow", "shrink", "swim",   "flap", "move"};
constexpr const char* kRegionNames[kRegions] = {"natural", "subject", "head",       "hair",       "sky",  "water",
                                                "foliage", "cloth",   "background", "everything", "left", "right",
                                                "upper",   "lower",   "plant",      "round",      "fire"};
constexpr const char* kCameraNames[kCameras] = {"still",     "zoom_in", "zoom_out",  "pan_left",
                                                "pan_right", "tilt_up", "tilt_down", "dolly_in",
                                                "dolly_out", "orbit",   "shake",     "roll"};
constexpr const char* kDirectionNames[kDirections] = {"nowhere", "left", "right", "up", "down", "nearer", "farther"};
constexpr size_t kMostDeeds = 8;

template <size_t n>
int index_in(const char* const (&names)[n], std::string_view name) {
    for (size_t i = 0; i < n; i++)
        if (names[i] == name) return static_cast<int>(i);
    return -1;
}

}  // namespace

const char* name_of(Motion motion) { return kMotionNames[motion]; }
const char* name_of(Region region) { return kRegionNames[region]; }
const char* name_of(Camera camera) { return kCameraNames[camera]; }

Words::Words(std::string_view text, const std::string& name) {
    const json::Origin origin{name};
    const json::Value root = json::parse_value(text, {}, origin);
    const json::Field file(root, origin);
    (void)file.at("version").integer(1, 1);
    if (!table_.add_variants(file.at("variants").string())) file.at("variants").refuse("pairs of characters");
    const auto factor = [](const json::Field& section, std::string_view key, std::string_view term) {
        const std::optional<double> value = parse_double(term);
        if (!value || *value < 0.1 || *value > 10) section.refuse_key("factors from 0.1 to 10", key);
        return static_cast<float>(*value);
    };
    const auto read_meaning = [&](const json::Field& section, std::string_view key) {
        Meaning m;
        const std::pair<std::string_view, bool Meaning::*> flags[] = {
            {"note", &Meaning::nearest},  {"silent", &Meaning::silent}, {"camera", &Meaning::whose_camera},
            {"breaks", &Meaning::breaks}, {"denies", &Meaning::denies}, {"calms", &Meaning::calms},
            {"at", &Meaning::at},         {"behind", &Meaning::behind}, {"again", &Meaning::again},
            {"out", &Meaning::out},       {"lens", &Meaning::lens},     {"someone", &Meaning::someone}};
        for (const std::string& term : text::split_list(key, ' ')) {
            const size_t equals = std::min(term.find('='), term.size());
            const std::string_view what = std::string_view(term).substr(0, equals),
                                   value = std::string_view(term).substr(std::min(equals + 1, term.size()));
            bool known = false;
            for (const auto& [word, flag] : flags)
                if (term == word) m.*flag = known = true;
            if (what == "motion") known = (m.motion = index_in(kMotionNames, value)) >= 0;
            if (what == "region") known = (m.region = index_in(kRegionNames, value)) >= 0;
            if (what == "camera" && equals < term.size()) known = (m.camera = index_in(kCameraNames, value)) >= 0;
            if (what == "direction") known = (m.direction = index_in(kDirectionNames, value)) >= 0;
            if (what == "tempo") m.tempo = factor(section, key, value), known = true;
            if (what == "amount") m.amount = factor(section, key, value), known = true;
            if (!known) section.refuse_key("meanings that this model has", key);
        }
        return m;
    };
    const std::pair<const char*, text::Inflects> sections[] = {
        {"verbs", text::Inflects::kAsVerb}, {"nouns", text::Inflects::kAsNoun}, {"words", text::Inflects::kNot}};
    for (const auto& [key, how] : sections) {
        const json::Field section = file.at(key);
        for (const std::string_view meaning : section.keys()) {
            meanings_.push_back(read_meaning(section, meaning));
            const json::Field list = section.at(meaning);
            for (const std::string& item : text::split_list(list.string(), ',')) {
                const bool english = static_cast<unsigned char>(item[0]) < 0x80;
                for (const text::InflectedForm& form : text::inflected(item, english ? how : text::Inflects::kNot))
                    // A verb's form that is also a noun's ("waves") is the verb's, and a word's own meaning comes last.
                    table_.add(form.phrase, {static_cast<uint32_t>(meanings_.size() - 1), form.plural, form.participle},
                               list.name(), [](uint32_t) { return true; });
            }
        }
    }
    table_.finish([&](uint32_t i) { return !meanings_[i].silent; });
}

// One prompt.
class Reader {
public:
    explicit Reader(const Words& words) : words_(words) {}

    Asked read(std::string_view prompt) {
        const text::PhraseRow row = text::find_phrases(words_.table_, prompt);
        asked_.notes = row.repairs;
        for (const text::PhrasePiece& p : row.pieces) {
            if (p.kind == text::PhrasePiece::kPhrase)
                take(words_.meanings_[p.entry.meaning], p);
            else if (p.kind == text::PhrasePiece::kUnknown)
                unknown(p);
            else if (p.kind == text::PhrasePiece::kComma)
                end_clause();
            else if (p.kind == text::PhrasePiece::kStop)
                end_clause(), denies_ = false;
        }
        end_clause();
        return std::move(asked_);
    }

private:
    using Meaning = Words::Meaning;

    void take(const Meaning& m, const text::PhrasePiece& p) {
        if (m.silent) return;
        if (m.breaks) return conjunction();
        if (m.out) {
            denies_ = false;
            return;
        }
        if (m.denies) denies_ = true;
        if (m.whose_camera) camera_ = true;
        if (m.again && regions_.empty()) regions_ = before_;
        if (m.someone && regions_.empty()) somebody_ = true;
        if (m.calms) calm();
        if (m.behind) behind();
        if (m.at) {
            at_ = true;
            return;
        }
        // "a boat floats on the sea": the boat does.
        const bool only_where = std::exchange(at_, false) && m.motion < 0 &&
                                (somebody_ || std::any_of(regions_.begin(), regions_.end(),
                                                          [](Region r) { return r == kSubject || r == kRound; }));
        // "trees", "leaves" are foliage; one of them may be whom the picture is of.
        if (m.region >= 0 && m.motion < 0 && !only_where)
            place(m.region == kPlant && p.entry.plural ? kFoliage : static_cast<Region>(m.region));
        if (m.camera >= 0) {
            if (!denies_)
                asked_.cameras.push_back({static_cast<Camera>(m.camera), factor(pending_.tempo, m.tempo),
                                          factor(pending_.amount, m.amount)}),
                    latest_ = kOfCamera;
            asked_.camera_said = true, done_ = true, pending_ = {};
            denies_ = false;
        }
        if (m.motion >= 0)
            motion(m, p);
        else if (m.camera < 0)
            qualify(m);
    }

    // Camera moves have words of their own, and those of things where the camera is spoken of.
    void motion(const Meaning& m, const text::PhrasePiece& p) {
        done_ = true;
        const bool all =
            m.region == kEverything || (m.region < 0 && regions_.size() == 1 && regions_.front() == kEverything);
        const bool to_us = m.motion == kMove && m.direction >= kNearer && m.region < 0 && regions_.empty() &&
                           !somebody_;  // "slowly gets closer"
        if (camera_ || to_us || (all && (m.motion == kGrow || m.motion == kShrink))) return camera_motion(m);
        if (m.nearest) asked_.notes.push_back("'" + p.text + "' is shown as " + kMotionNames[m.motion]);
        Deed d;
        d.motion = static_cast<Motion>(m.motion);
        d.direction = static_cast<Direction>(std::max({0, pending_.lens ? 0 : pending_.direction, m.direction}));
        d.tempo = factor(pending_.tempo, m.tempo), d.amount = factor(pending_.amount, m.amount);
        pending_ = {};
        std::vector<Region> where = regions_;
        if (m.region >= 0) where = {static_cast<Region>(m.region)};
        if (where.empty() && somebody_) where = {kSubject};
        if (where.empty()) where = {kNatural};
        open_ = open_ || where.front() == kNatural;
        if (denies_) {  // "nothing moves", "the trees do not move", "no wind"
            for (const Region r : where)
                if (r != kNatural || d.motion == kMove) asked_.still[r == kNatural ? kEverything : r] = true;
            denies_ = false;
            return;
        }
        // "smoke rises", "a breeze moves": the noun has said what happens.
        if (where.front() == kNatural && latest_ == kOfDeeds && !m.nearest) return qualify(m);
        first_ = asked_.deeds.size();
        for (const Region r : where) {
            d.region = r;
            const bool same = std::any_of(asked_.deeds.begin(), asked_.deeds.end(),
                                          [&](const Deed& o) { return o.motion == d.motion && o.region == d.region; });
            if (!same && asked_.deeds.size() < kMostDeeds) asked_.deeds.push_back(d);
        }
        latest_ = kOfDeeds;
    }

    void camera_motion(const Meaning& m) {
        const Direction to = static_cast<Direction>(std::max({0, pending_.direction, m.direction}));
        Camera c = kOrbit;
        if (m.motion == kGrow || m.motion == kShrink)
            c = m.motion == kGrow ? kZoomIn : kZoomOut;
        else if (m.motion == kSway && to != kNowhere)
            c = towards(to);
        else if (m.motion == kTremble || m.motion == kBounce || m.motion == kSway)
            c = kShake;
        else if (m.motion == kSpin || m.motion == kTurn)
            c = kRoll;
        else if (to != kNowhere)
            c = towards(to);
        else if (m.motion == kMove || m.motion == kDrift || m.motion == kFlow)
            c = kDollyIn;
        asked_.camera_said = true;
        if (denies_) {
            denies_ = false;
            return;
        }
        asked_.cameras.push_back({c, factor(pending_.tempo, m.tempo), factor(pending_.amount, m.amount)});
        pending_ = {}, latest_ = kOfCamera;
    }

    static Camera towards(Direction d) {
        switch (d) {
            case kLeft: return kPanLeft;
            case kRight: return kPanRight;
            case kUp: return kTiltUp;
            case kDown: return kTiltDown;
            case kFarther: return kDollyOut;
            default: return kDollyIn;
        }
    }

    void place(Region r) {
        // "the wind moves the leaves": the place of a motion that had none.
        if (open_ && regions_.empty() && first_ < asked_.deeds.size()) {
            for (size_t i = first_; i < asked_.deeds.size(); i++) asked_.deeds[i].region = r;
            open_ = false;
        }
        // "the leaves of the tree": the tree's.
        if (r == kPlant)
            for (size_t i = first_; i < asked_.deeds.size(); i++)
                if (asked_.deeds[i].region == kFoliage && latest_ == kOfDeeds) asked_.deeds[i].region = r;
        if (std::find(regions_.begin(), regions_.end(), r) == regions_.end()) regions_.push_back(r);
        asked_.subject_named = asked_.subject_named || r == kSubject || r == kHead || r == kHair;
        if (denies_ && done_) asked_.still[r] = true;
    }

    // "the flag behind her waves": seen in the picture is only what stands before and what lies behind.
    void behind() {
        for (Region& r : regions_)
            if (r == kCloth || r == kPlant) r = kBackground;
    }

    void qualify(const Meaning& m) {
        if (latest_ == kOfDeeds) {
            for (size_t i = first_; i < asked_.deeds.size(); i++) {
                if (m.tempo > 0) asked_.deeds[i].tempo *= m.tempo;
                if (m.amount > 0) asked_.deeds[i].amount *= m.amount;
                if (m.direction > 0 && !m.lens) asked_.deeds[i].direction = static_cast<Direction>(m.direction);
            }
        } else if (latest_ == kOfCamera && !asked_.cameras.empty()) {
            CameraMove& c = asked_.cameras.back();
            if (m.tempo > 0) c.tempo *= m.tempo;
            if (m.amount > 0) c.amount *= m.amount;
            const auto to = static_cast<Direction>(std::max(0, m.direction));
            const bool in = c.camera == kZoomIn || c.camera == kZoomOut;
            if (to == kNearer && in)
                c.camera = kZoomIn;
            else if (to == kFarther && in)
                c.camera = kZoomOut;
            else if (to != kNowhere && !in && c.camera != kShake && c.camera != kRoll)
                c.camera = towards(to);
        } else {
            if (m.tempo > 0) pending_.tempo = factor(pending_.tempo, m.tempo);
            if (m.amount > 0) pending_.amount = factor(pending_.amount, m.amount);
            if (m.direction > 0) pending_.direction = m.direction, pending_.lens = m.lens;
        }
    }

    // "stays still": who or what was named, the camera, or all.
    void calm() {
        done_ = true;
        if (denies_) {
            denies_ = false;
            return;
        }  // "never still"
        if (camera_) {
            asked_.camera_said = true;
            return;
        }
        for (const Region r : regions_) asked_.still[r] = true;
        if (regions_.empty()) asked_.still[somebody_ ? kSubject : kEverything] = true;
    }

    // "the sky and the water ripple" is one clause, "the sky drifts and the water ripples" two.
    void conjunction() {
        if (done_) end_clause();
    }

    void end_clause() {
        // "the river gurgles": a noun, and then what looks like an act. What was named does what such things do.
        if (!act_.empty() && !done_ && !camera_ && !denies_) {
            asked_.notes.push_back("'" + act_ + "' is not known; what it is said of moves as such things do");
            for (const Region r : regions_)
                if (r != kFire && asked_.deeds.size() < kMostDeeds) asked_.deeds.push_back({kMove, r, kNowhere, 1, 1});
        }
        act_.clear();
        // "A fire" is never said of one that stands still.
        if (!done_ && std::find(regions_.begin(), regions_.end(), kFire) != regions_.end() &&
            asked_.deeds.size() < kMostDeeds)
            asked_.deeds.push_back({kMove, kFire, kNowhere, 1, 1});
        if (camera_ && !done_ && pending_.direction > 0)
            asked_.cameras.push_back({towards(static_cast<Direction>(pending_.direction))}), asked_.camera_said = true;
        if (denies_ && camera_ && !done_) asked_.camera_said = true, denies_ = false;
        if (!regions_.empty())
            before_ = regions_;
        else if (somebody_)
            before_ = {kSubject};
        regions_.clear();
        somebody_ = camera_ = done_ = open_ = at_ = false;
        latest_ = kOfNothing, pending_ = {};
    }

    // Whom the picture is of has names this model need not know.
    void unknown(const text::PhrasePiece& p) {
        const bool chinese = !p.text.empty() && static_cast<unsigned char>(p.text[0]) >= 0x80;
        if (!regions_.empty() && (chinese ? p.text.size() > 3 : p.text.ends_with("s") || p.text.ends_with("ing")))
            act_ = p.text;
        if (regions_.empty() && !camera_) somebody_ = true;
        if (std::find(asked_.no_effect.begin(), asked_.no_effect.end(), p.text) == asked_.no_effect.end())
            asked_.no_effect.push_back(p.text);
    }

    static float factor(float before, float now) { return (before > 0 ? before : 1) * (now > 0 ? now : 1); }

    const Words& words_;
    Asked asked_;
    std::vector<Region> regions_, before_;
    struct {
        int direction = 0;
        bool lens = false;
        float tempo = 0, amount = 0;
    } pending_;
    enum { kOfNothing, kOfDeeds, kOfCamera } latest_ = kOfNothing;
    size_t first_ = 0;  // of the deeds that the last verb made
    std::string act_;   // a word of this clause that is not known and may be its verb
    bool somebody_ = false, camera_ = false, done_ = false, open_ = false, denies_ = false, at_ = false;
};

Asked Words::read(std::string_view prompt) const { return Reader(*this).read(prompt); }

}  // namespace zt::tableau
