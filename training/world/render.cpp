// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Poses over time, sprite painting and composition.
#include "world/render.h"

#include "world/scene.h"
#include "world/subject.h"

namespace zt::world {
namespace {

constexpr float kTau = 6.2831853f;
constexpr float kGroundY = 98.f;

float sine(int frame, int period) { return std::sin(kTau * static_cast<float>(frame % period) / static_cast<float>(period)); }

uint8_t byte(float v) { return static_cast<uint8_t>(std::clamp(v, 0.f, 1.f) * 255.f + 0.5f); }

}  // namespace

// The narrow world stays on the spot: what moves are legs, wings, hops and swings.
Pose pose(const Clip& clip, int frame) {
    Pose p;
    p.cycle = static_cast<float>(frame % 8) / 8.f;
    switch (clip.motion) {
        case kRun: {   // strides on the spot, as a puppet over a still backdrop
            p.x = 128.f;
            p.y = kGroundY - 3.f * std::abs(sine(frame, 8));
            break;
        }
        case kJump: {   // a hop of 16 frames on the spot, with a crouch at both ends
            const float u = static_cast<float>(frame % 16) / 16.f, h = 4.f * u * (1.f - u);
            p.x = 128.f + 48.f * static_cast<float>(clip.place);
            p.y = kGroundY - 46.f * h;
            p.stretch = 0.90f + 0.16f * h;
            p.cycle = 0;
            p.moving = false;
            break;
        }
        case kDance: {   // swings from side to side around its feet
            p.x = 128.f + 48.f * static_cast<float>(clip.place) + 10.f * sine(frame, 16);
            p.y = kGroundY;
            p.tilt = 0.38f * sine(frame, 16);
            p.cycle = 0;
            p.moving = false;
            break;
        }
        default: {   // hovers high up, bobbing
            p.x = 128.f;
            p.y = 40.f - 8.f * sine(frame, 16);
            break;
        }
    }
    return p;
}

const std::vector<uint8_t>& Renderer::backdrop_of(int scene, int time, int layout, int phase) {
    const int key = ((scene * kTimes + time) * kLayouts + layout) * 8 + (scene == kBeach ? phase : 0);
    const std::lock_guard lock(mutex_);
    auto found = backdrops_.find(key);
    if (found == backdrops_.end()) {
        const Picture picture = backdrop(scene, time, layout, phase);
        std::vector<uint8_t> bytes(picture.data.size());
        std::transform(picture.data.begin(), picture.data.end(), bytes.begin(), byte);
        found = backdrops_.emplace(key, std::move(bytes)).first;
    }
    return found->second;
}

// A sprite depends on the pose's shape (tilt, stretch, cycle, side), not on its place.
const Sprite& Renderer::sprite_of(const Clip& clip, const Pose& p) {
    const auto q = [](float v) { return static_cast<int64_t>(std::lround(v * 500.f)) + 2000; };
    const int64_t key = ((((((q(p.tilt) * 4096 + q(p.stretch)) * 16 + static_cast<int64_t>(p.cycle * 8)) * 2 + p.mirrored) * 2 + p.moving) *
                              kColours + clip.colour) * kSubjects + clip.subject) * kTimes + clip.time;
    {
        const std::lock_guard lock(mutex_);
        const auto found = sprites_.find(key);
        if (found != sprites_.end()) return found->second;
    }
    constexpr int n = Sprite::kEdge;
    Sprite s;
    s.colour.resize(static_cast<size_t>(n) * n * 3);
    s.alpha.resize(static_cast<size_t>(n) * n);
    s.shadow.resize(static_cast<size_t>(n) * n);
    const std::vector<Shape> shapes = subject_shapes(clip.subject, clip.colour, p.cycle, p.moving);
    const float c = std::cos(p.tilt), d = std::sin(p.tilt);
    const Rgb edge = clip.time == kNight ? rgb8(226, 224, 236) : rgb8(253, 251, 246);
    const float dim = clip.time == kNight ? 0.86f : 1.f;
    // Puppet coordinates of a sprite pixel: undo mirror, tilt around the feet (y = 38) and stretch.
    const auto local = [&](float x, float y) {
        x -= n / 2.f;
        y -= n / 2.f;
        if (p.mirrored) x = -x;
        const float fy = y - 38.f;
        return Point{x * c + fy * d, (-x * d + fy * c) / p.stretch + 38.f};
    };
    std::vector<float> edges(static_cast<size_t>(n) * n);   // distance to the puppet's outline
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            const Point at = local(static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f);
            float whole = 1e9f;
            Rgb colour = edge;
            for (const Shape& shape : shapes) {
                const float dist = distance(shape, at);
                whole = std::min(whole, dist);
                colour = mix(colour, {shape.colour.r * dim, shape.colour.g * dim, shape.colour.b * dim}, coverage(dist));
            }
            const auto i = static_cast<size_t>(y * n + x);
            s.alpha[i] = coverage(whole - 2.2f);
            edges[i] = whole;
            s.colour[i * 3] = colour.r;
            s.colour[i * 3 + 1] = colour.g;
            s.colour[i * 3 + 2] = colour.b;
        }
    for (int y = 3; y < n; y++)   // the shadow falls three pixels to the right and down
        for (int x = 3; x < n; x++) {
            const float gap = edges[static_cast<size_t>((y - 3) * n + x - 3)] - 2.2f;
            s.shadow[static_cast<size_t>(y * n + x)] = 0.30f * std::clamp(0.5f - gap / 4.f, 0.f, 1.f);
        }
    const std::lock_guard lock(mutex_);
    return sprites_.emplace(key, std::move(s)).first->second;
}

void Renderer::frame(const Clip& clip, int index, uint8_t* out) {
    const std::vector<uint8_t>& back = backdrop_of(clip.scene, clip.time, clip.layout, index % 8);
    const Pose p = pose(clip, index);
    const Sprite& sprite = sprite_of(clip, p);
    constexpr int n = Sprite::kEdge;
    std::copy(back.begin(), back.end(), out);
    const int left = static_cast<int>(std::lround(p.x)) - n / 2, top = static_cast<int>(std::lround(p.y)) - n / 2;
    for (int y = std::max(0, -top); y < std::min(n, kHeight - top); y++)
        for (int x = std::max(0, -left); x < std::min(n, kWidth - left); x++) {
            const auto i = static_cast<size_t>(y * n + x);
            const float a = sprite.alpha[i], sh = sprite.shadow[i];
            if (a <= 0 && sh <= 0) continue;
            uint8_t* o = out + (static_cast<size_t>(top + y) * kWidth + static_cast<size_t>(left + x)) * 3;
            for (size_t k = 0; k < 3; k++) {
                const float under = static_cast<float>(o[k]) / 255.f * (1.f - sh);
                o[k] = byte(under + (sprite.colour[i * 3 + k] - under) * a);
            }
        }
}

void Renderer::group(const Clip& clip, int group, uint8_t* out) {
    constexpr size_t frame_bytes = static_cast<size_t>(kWidth) * kHeight * 3;
    for (int f = 0; f < kGroupFrames; f++) frame(clip, group * kGroupFrames + f, out + static_cast<size_t>(f) * frame_bytes);
}

}  // namespace zt::world
