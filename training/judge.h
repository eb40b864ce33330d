// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Judge of generated clips: which clip of the world looks most like this one?
//
// The world is small and exact, so nothing has to be learned: a clip is compared, at quarter size
// on a few frames, with the render of every combination, and the nearest one names the attributes.
// A real render is at distance zero from itself, so real renders score 100 % by construction; what
// the video VAE alone loses is measured by judging decoded real clips.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "world/render.h"

namespace zt::training {

inline constexpr int kJudgedFrames = 24;

struct Verdict {
    world::Clip nearest;
    double psnr = 0;        // of the judged frames against the nearest render, dB
    double sharpness = 0;   // mean absolute gradient, generated over nearest
    double motion = 0;      // mean absolute frame difference, generated over nearest
};

// One thread at a time.
class Judge {
public:
    explicit Judge(world::Renderer& renderer) : renderer_(renderer) {}
    // frames: u8 [24, 144, 256, 3] from the start of a clip.
    [[nodiscard]] Verdict judge(const uint8_t* frames);

private:
    using Small = std::vector<float>;   // [36, 64, 3]
    // Painted once per clip and frame, then kept.
    [[nodiscard]] const Small& small_render(const world::Clip& clip, int frame);
    world::Renderer& renderer_;
    std::map<std::array<int, 8>, Small> renders_;
};

}  // namespace zt::training
