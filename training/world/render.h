// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Renders clips of the world frame by frame: backdrop, one or two sprites, camera, weather.
// Backdrops, sprites and weather are painted once and kept; a frame is then mostly copying.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "world/attributes.h"
#include "world/paint.h"

namespace zt::world {

// A painted puppet of any colour, u8 [edge, edge] each. Pixel = light * (fixed + main * subject
// colour) + rim * colour of the paper edge, laid over the backdrop by alpha, after the shadow.
struct Sprite {
    static constexpr int kEdge = 128;
    struct Pixel {
        uint8_t fixed[3], main, rim, alpha, shadow;
    };
    std::vector<Pixel> pixels;
    int left = 0, top = 0, right = 0, bottom = 0;   // what is not empty
};

// Where and how a subject stands in one frame.
struct Pose {
    float x = 0, y = 0, tilt = 0, stretch = 1, scale = 1, pivot = 38, cycle = 0;
    bool mirrored = false, moving = true, asleep = false;
    int snore = 0;   // 0..15, phase of the sleeper's z
};

// The pose of the subject (which = 0) or its companion (1).
[[nodiscard]] Pose pose(const Clip& clip, int frame, int which = 0);

// How much a zooming camera enlarges a frame, towards the middle of line kZoomLine; 1 without a zoom.
inline constexpr float kZoomLine = 84.f, kZoomMost = 1.34f;
[[nodiscard]] float zoom_factor(const Clip& clip, int frame);

// Thread-safe; deterministic.
class Renderer {
public:
    // Four frames, group * 4 and on, counted from the start of the clip. out: u8 [4, height, width, 3].
    void group(const Clip& clip, int group, uint8_t* out);
    // One frame. out: u8 [height, width, 3]. tint: colours of both subjects in place of the clip's.
    struct Tint {
        Rgb subject, companion;
    };
    void frame(const Clip& clip, int frame, uint8_t* out, const Tint* tint = nullptr);
    // The same without subjects: what a judge compares backdrops with.
    void empty_frame(const Clip& clip, int frame, uint8_t* out);

private:
    using Bytes = std::shared_ptr<const std::vector<uint8_t>>;
    Bytes backdrop_of(const Clip& clip, int phase);
    std::shared_ptr<const Sprite> sprite_of(int subject, int style, const Pose& pose);
    void place(const Clip& clip, int which, const Pose& pose, Rgb colour, uint8_t* out);
    void finish(const Clip& clip, int frame, uint8_t* out);
    std::mutex mutex_;
    std::map<int, Bytes> backdrops_;
    std::map<int64_t, std::shared_ptr<const Sprite>> sprites_;
};

}  // namespace zt::world
