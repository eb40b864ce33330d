// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The judge names what a clip shows: the attributes of the nearest render. Nothing is learned, so
// nothing can be fooled by what it was trained on; real renders score 100 % (printed beside every
// figure all the same).
//
// Backdrop, light, style, weather and camera are told first, by a difference in which a subject
// counts little; then subject, motion and colour, alone and in pairs, in the one scene found. A
// subject that explains less than half of what differs from the empty scene counts as none: soft
// blobs of the right colour are not right.
#pragma once

#include <map>
#include <vector>

#include "world/render.h"

namespace zt::training {

inline constexpr int kJudgedFrames = 24;

struct Verdict {
    world::Clip nearest;
    double explained = 0;   // where the subject is, the share of the squared difference from the empty scene that the nearest render explains; below 0.5 the subject is not recognised
    double psnr = 0;        // of the judged frames against the nearest render, dB
    double sharpness = 0;   // projection of the picture gradient on the nearest render's (1 = the same)
    double behind = 0, cast = 0;   // the same of what is behind the subjects, and of these
    double motion = 0;      // the same of the frame difference
    [[nodiscard]] bool recognised() const { return explained >= 0.5; }
};

// One thread at a time.
class Judge {
public:
    Judge(world::Renderer& renderer, const world::Scope& scope) : renderer_(renderer), scope_(scope) {}
    // frames: u8 [24, 144, 256, 3] from the start of a shot.
    [[nodiscard]] Verdict judge(const uint8_t* frames);

private:
    using Small = std::vector<float>;   // [36, 64, 3], 0..1
    struct Guess {
        world::Clip clip;
        double difference = 1e9;
    };
    struct Fit {
        int motion = 0, subject = 0, colour = 0;
        double difference = 1e9;
    };
    [[nodiscard]] const std::vector<uint8_t>& small_backdrop(const world::Clip& clip, int frame);
    [[nodiscard]] world::Clip find_backdrop(const std::vector<Small>& seen);
    [[nodiscard]] std::array<Fit, 2> fit(const std::vector<Small>& seen, world::Clip clip, bool pair, const std::vector<size_t>& looks);
    [[nodiscard]] Guess find_subjects(const std::vector<Small>& seen, world::Clip clip, bool pair);
    world::Renderer& renderer_;
    const world::Scope& scope_;
    std::map<std::array<int, 7>, std::vector<uint8_t>> backdrops_;
};

}  // namespace zt::training
