// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Renders clips of the world, group by group of four frames: backdrop, then the subject's sprite
// with a paper edge and a soft shadow. Backdrops and sprites are painted once and kept.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "world/attributes.h"
#include "world/paint.h"

namespace zt::world {

// Subject with straight alpha: colour [edge, edge, 3], alpha and shadow [edge, edge].
struct Sprite {
    static constexpr int kEdge = 128;
    std::vector<float> colour, alpha, shadow;
};

// Where and how the subject stands in one frame.
struct Pose {
    float x = 0, y = 0, tilt = 0, stretch = 1, cycle = 0;
    bool mirrored = false, moving = true;
};

[[nodiscard]] Pose pose(const Clip& clip, int frame);

// Thread-safe; deterministic.
class Renderer {
public:
    // Frames of group `group` of the clip's path (counted from phase zero, so start_group(clip) is
    // the first one shown). out: u8 [4, height, width, 3].
    void group(const Clip& clip, int group, uint8_t* out);
    // One frame, `frame` counted from phase zero. out: u8 [height, width, 3].
    void frame(const Clip& clip, int frame, uint8_t* out);

private:
    const std::vector<uint8_t>& backdrop_of(int scene, int time, int layout, int phase);
    const Sprite& sprite_of(const Clip& clip, const Pose& pose);
    std::mutex mutex_;
    std::map<int, std::vector<uint8_t>> backdrops_;
    std::map<int64_t, Sprite> sprites_;
};

}  // namespace zt::world
