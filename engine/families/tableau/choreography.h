// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Who moves how: a sentence, what is seen in the picture, and a seed become motions, and motions become places to look
// at. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "families/tableau/asked.h"
#include "families/tableau/camera.h"
#include "families/tableau/moves.h"
#include "families/tableau/sight.h"
#include "families/tableau/warp.h"

namespace zt::tableau {

// A frame as looks at the picture. What flows (clouds, water) is seen twice, half a round apart, and the two are mixed:
// each is carried along for a while and then begins anew while only the other shows.
struct Look {
    Net first, second;
    std::vector<float> weight;  // of the second, at the nets' corners; empty: the first alone
    Net layer;                  // of the subject where he is lifted out (layer.h), else without cells
};

struct Settings {
    float motion = 1, tempo = 1;  // times what it would be
    double loop = 0;              // seconds of a round; 0: the clip does not close
    double seconds = 0;           // of the shot, 0: no end
};

// Immutable; thread-safe.
class Choreography {
public:
    // width, height: of the frames, pixels; the sight is of the same picture.
    Choreography(const Asked& asked, const Sight& sight, int width, int height, int64_t seed, const Settings& settings);

    // Where the frame at that moment looks, rows [from, to] of the net's corners. `look` has been made by prepare().
    void prepare(Look& look) const;
    void fill(Look& look, double seconds, int from, int to) const;
    // True where a frame is the picture itself.
    [[nodiscard]] bool at_rest(double seconds) const {
        return seconds == 0 || (moves_.empty() && flows_.empty() && paths_.empty());
    }
    // Who is to be lifted out: the subject, where he goes farther than the picture around him can stretch, the specks
    // that fall, discs that turn on the spot, or everything but the sky, which passes behind it.
    enum Lifted { kNothing, kWhoeverItIsOf, kSpecks, kDiscs, kAllButSky };
    [[nodiscard]] Lifted lifted() const { return lifted_; }
    [[nodiscard]] const Map& subject() const { return subject_; }  // of kAllButSky: all that
    // The picture cuts him off below, and he does not fall through it: he goes on below, where he rises a little.
    [[nodiscard]] bool goes_on_below() const;
    [[nodiscard]] const std::vector<Disc>& turning() const { return turning_; }
    // One line: "sway of the subject, flow of the sky; camera: zoom_in".
    [[nodiscard]] const std::string& told() const { return told_; }
    [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

private:
    // A deed whose place is one that the picture has; guessed: where something that was not found is likely to be.
    struct Settled {
        Deed deed;
        Region region;
        bool guessed;
    };
    [[nodiscard]] Settled settled(Deed deed, const Sight& sight, const Asked& asked);
    [[nodiscard]] Region region_of(Deed& d, const Sight& sight, const Asked& asked);
    [[nodiscard]] Settled burning(Deed d, const Sight& sight);
    void add(Settled settled, const Sight& sight, const Asked& asked, uint64_t which);
    // What flows is carried from half a round before its place to half a round behind it, in each of the two looks; at
    // time 0 the first one is there.
    struct Carried {
        float first, second, weight;  // shares of a round, from the middle; weight of the second look
    };
    // All that does not depend on the place.
    struct Moment {
        std::vector<Instant> moves;
        std::vector<CameraPath::Eye> eyes;
        std::vector<Carried> carried;  // of flows_
        Vec sky_first, sky_second;     // how far the sky has gone behind everything else
    };
    [[nodiscard]] Moment moment_at(double seconds) const;
    void fill_corner(Look& look, size_t at, const Moment& moment, Vec p) const;
    void fill_flow(Look& look, size_t at, const Moment& moment, Vec p, Vec gone, Vec edge) const;

    [[nodiscard]] Move drawn_move(const Deed& d, float trust, uint64_t which) const;
    void let_go_far(Move& m, const Settled& settled, const Sight& sight) const;
    [[nodiscard]] static Map without_others(const Map& weight, Region region, const Sight& sight);
    [[nodiscard]] bool goes_far(const Settled& settled, const Sight& sight) const;
    [[nodiscard]] bool turns_whole(const Settled& settled, const Sight& sight) const;
    [[nodiscard]] std::vector<Disc> discs_of(const Settled& settled, const Sight& sight) const;
    void add_turning(Move m, const Sight& sight);
    void let_sky_pass(const Sight& sight);
    // What flows begins anew every round, but the sky that passes behind everything: it goes on for ever. In a loop it
    // too comes round.
    [[nodiscard]] bool seen_twice() const { return !flows_.empty() && (lifted_ != kAllButSky || clock_.loop != 0); }
    void add_own(const Sight& sight, const Asked& asked);  // what moves where nothing is said
    [[nodiscard]] Map place_of(Region region, Motion motion, const Sight& sight, float amount, Extent& extent) const;

    int width_, height_;
    float aspect_;
    int64_t seed_;
    Settings settings_;
    Clock clock_;
    Map depth_;
    Map subject_;  // whom the picture is of; where something round is spoken of and nobody else, that
    Body body_;    // of the subject
    std::vector<Disc> turning_;
    Lifted lifted_ = kNothing;
    std::vector<Move> moves_, flows_;
    bool flows_elsewhere_ = false;                 // also where no sky is
    bool lives_ = false;                           // nobody is there to do what was asked
    bool has_own_ = false;                         // add_own has been
    std::vector<std::pair<Motion, Region>> done_;  // what add() has added
    std::vector<CameraPath> paths_;
    std::string told_;
    std::vector<std::string> notes_;
};

// Both at once, for a change from one to the other: weight 0 is `to` as it was, 1 all of `from`'s place.
void mix(Look& to, const Look& from, float weight);

}  // namespace zt::tableau
