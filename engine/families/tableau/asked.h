// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a sentence asks to move, read with the words of words.json. Torch-free.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "text/phrase_table.h"

namespace zt::tableau {

// How something moves. The names are those of words.json.
// clang-format off
enum Motion { kSway, kBounce, kHop, kDrift, kRipple, kWave, kBreathe, kPulse, kBlink, kWind, kFlow, kFall, kSpin, kTurn, kNod, kTremble, kGrow, kShrink, kSwim, kFlap, kMove, kMotions };
// Where in the picture. kPlant: a plant, which may be whom the picture is of, or some of the foliage. kRound: a wheel,
// a ball, a clock. kFire: flames.
enum Region { kNatural, kSubject, kHead, kHair, kSky, kWater, kFoliage, kCloth, kBackground, kEverything, kLeftSide, kRightSide, kUpperPart, kLowerPart, kPlant, kRound, kFire, kRegions };
enum Camera { kStill, kZoomIn, kZoomOut, kPanLeft, kPanRight, kTiltUp, kTiltDown, kDollyIn, kDollyOut, kOrbit, kShake, kRoll, kCameras };
enum Direction { kNowhere, kLeft, kRight, kUp, kDown, kNearer, kFarther, kDirections };
// clang-format on

[[nodiscard]] const char* name_of(Motion motion);
[[nodiscard]] const char* name_of(Region region);
[[nodiscard]] const char* name_of(Camera camera);

struct Deed {
    Motion motion = kMove;
    Region region = kNatural;  // kNatural: the motion's own
    Direction direction = kNowhere;
    float tempo = 1, amount = 1;  // times the motion's own
};

// Snow, petals, bubbles: what is said to fall or rise and is not one thing.
[[nodiscard]] inline bool falls_all_over(const Deed& d) {
    return d.motion == kFall && (d.region == kEverything || d.region == kNatural);
}

// What may be about something round: it has to be looked for.
[[nodiscard]] inline bool asks_for_round(const Deed& d) { return d.motion == kSpin || d.region == kRound; }

struct CameraMove {
    Camera camera = kStill;
    float tempo = 1, amount = 1;
};

struct Asked {
    std::vector<Deed> deeds;
    std::vector<CameraMove> cameras;
    bool camera_said = false;            // also that it stands still
    bool subject_named = false;          // whom the picture is of was named: a plant beside him is another thing
    std::array<bool, kRegions> still{};  // what is said not to move; kEverything: nothing at all
    std::vector<std::string> notes;      // "'runs' is shown as bounce", one plain sentence each
    std::vector<std::string> no_effect;  // words with content that had none, each once, in order
};

// Immutable; thread-safe.
class Words {
public:
    Words() = default;
    // text: a words.json of at most 1 MiB; asked.cpp describes it. Throws zt::Error(WEIGHTS).
    Words(std::string_view text, const std::string& name);
    // Takes time linear in the length of the prompt; never throws but for want of memory.
    [[nodiscard]] Asked read(std::string_view prompt) const;

private:
    friend class Reader;
    // What a phrase says; -1: nothing of that.
    struct Meaning {
        int motion = -1, region = -1, camera = -1, direction = -1;
        float tempo = 0, amount = 0;
        bool nearest = false;       // what it asks for cannot be; this is shown instead, with a note
        bool at = false;            // what is named next is where, not who
        bool behind = false;        // what was named is in the background
        bool lens = false;          // a direction for the camera alone: "in", "back"
        bool silent = false;        // without effect and not worth a word
        bool whose_camera = false;  // "the camera"
        bool breaks = false;        // "and", "while": what follows is another clause
        bool denies = false, calms = false, again = false;  // not; still; it
        bool someone = false;  // he, she: whom the picture is of, where nobody else was named
        bool out = false;      // "never ending" and the like: takes a denial back
    };
    std::vector<Meaning> meanings_;
    text::PhraseTable table_;
};

}  // namespace zt::tableau
